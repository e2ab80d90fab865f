// Command environment stands in for the tests of an application: it prints what it
// was told.
package main

import (
	"fmt"
	"os"
)

func main() {
	for _, name := range []string{"ADDRESS", "TRACEPARENT"} {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	fmt.Println("--- PASS: TestEnvironment (0.00s)")
}
