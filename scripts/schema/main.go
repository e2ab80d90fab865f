// schema prints the JSON Schema of the file .slipway.yaml, from the Go types of ci/description:
//
//	go run . >../../ci/description/schema.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/invopop/jsonschema"

	"github.com/slipway-cd/slipway/ci/description"
)

func main() {
	content, err := schema()
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
	os.Stdout.Write(content)
}

// schema is indented and ends with a line break.
func schema() ([]byte, error) {
	reflector := jsonschema.Reflector{RequiredFromJSONSchemaTags: true, ExpandedStruct: true}
	made := reflector.Reflect(description.Application{})
	made.ID = description.SchemaURL
	made.Title = "The description of an application that Slipway ships"
	content, err := json.MarshalIndent(made, "", "  ")
	return append(content, '\n'), err
}
