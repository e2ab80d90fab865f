package lock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOrdinalsAreWrittenAsPeopleDo(t *testing.T) {
	t.Parallel()
	for n, text := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 102: "102nd", 111: "111th"} {
		require.Equal(t, text, Ordinal(n))
	}
}
