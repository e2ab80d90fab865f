package informer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWaitTellsAfterAMomentWhatItLacksAndThenWhatChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type told struct {
			after time.Duration
			state string
		}
		begun := time.Now()
		var heard []told
		telling := Tell("Ingress a/b", func(object, state string) {
			require.Equal(t, "Ingress a/b", object)
			heard = append(heard, told{time.Since(begun), state})
		})
		telling.Is("no address")
		time.Sleep(5 * time.Second)
		for range 10 { // as fast as it looks
			telling.Is("refused")
			telling.Is("404")
		}
		time.Sleep(10 * time.Second)
		telling.End("ready")
		require.Equal(t, []told{{2 * time.Second, "no address"}, {7 * time.Second, "404"}, {15 * time.Second, "ready"}}, heard)
	})
}

func TestAShortWaitTellsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		telling := Tell("Ingress a/b", func(object, state string) { require.Fail(t, "told", state) })
		telling.Is("no address")
		time.Sleep(time.Second)
		telling.End("ready")
		Tell("Ingress a/b", nil).End("ready")
	})
}
