package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASecretIsNotInTheLogAlsoWhereItComesInTwoHalves(t *testing.T) {
	t.Parallel()
	var first, second strings.Builder
	log := &Log{}
	log.SwitchTo(&first)
	write := func(text string) {
		_, err := log.Write([]byte(text))
		require.NoError(t, err)
	}
	write("half a line ")
	log.Mask("hidden\n  of two lines\n}\n")
	write("and hid")
	write("den\n12 : | of two lines, }\nbegun: hid")
	require.Equal(t, "half a line and ***\n12 : | ***, }\n", first.String())
	write("den")
	log.SwitchTo(&second)
	write("\nother\n")
	require.Equal(t, "half a line and ***\n12 : | ***, }\nbegun: ***", first.String())
	require.Equal(t, "\nother\n", second.String())
	require.Equal(t, "*** } ***", log.Masked("hidden } of two lines"))
	log.Mask("hidden-too")
	require.Equal(t, "*** ***", log.Masked("hidden hidden-too"))
	require.Equal(t, "hidden", (&Log{}).Masked("hidden"))
}

func TestAnErrorIsToldWithoutWhereItIsInTheTrace(t *testing.T) {
	t.Parallel()
	failure := (&Session{}).Failure("step scan", traced{})
	require.Equal(t, "step scan: nothing to scan", failure.Cause)
}

type traced struct{}

func (traced) Error() string {
	return "nothing to scan [traceparent:6bacbc7cbecee86f7ed8c73216548d14-41ee25be8bc57646]"
}
