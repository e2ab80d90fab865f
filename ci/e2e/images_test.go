package e2e

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestImagesOfBetasThatNothingNeedsAreRemoved(t *testing.T) {
	i := newRepositoryOfImages(t, "images", "")
	released := i.shipped(t)
	var versions, digests []string
	for range 5 {
		version, digest := i.beta(t)
		versions, digests = append(versions, version), append(digests, digest)
	}
	document := i.attach(t, digests[0])
	before := i.tags(t)
	require.Contains(t, before, strings.Replace(digests[0], ":", "-", 1))

	t.Run("a plan changes nothing", func(t *testing.T) {
		done := i.cleanup(t, "--plan", "--keep", "2")
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stdout, versions[2]+"-beta "+digests[2])
		require.Contains(t, done.stdout, "3 of 7 -beta tags would be removed; kept: 1 released, 1 in use by builds, 2 among the newest")
		require.Equal(t, before, i.tags(t))
	})
	t.Run("what is too young stays", func(t *testing.T) {
		done := i.cleanup(t, "--keep", "0", "--older", "14d")
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stdout, "0 of 7 -beta tags removed; kept: 1 released, 1 in use by builds, 5 too young")
		require.Equal(t, before, i.tags(t))
	})
	t.Run("without the cluster or the registry nothing is removed", func(t *testing.T) {
		absent := i.run(t, "cleanup", "--images", "--source", i.r.folder, "--keep", "0", "--kubeconfig", i.Kubeconfig, "--image", i.Registry+"/unused",
			"--namespace", i.n.production, "--build-namespace", i.n.build)
		require.Equal(t, 36, absent.code, absent.stderr) // the registry's name is the sandbox's
		require.Contains(t, absent.stderr, "registry unreachable")
		behind := i.through(t, nil)
		config, err := os.ReadFile(i.Kubeconfig)
		require.NoError(t, err)
		nowhere := strings.Replace(string(config), i.config.Host, "https://127.0.0.1:1", 1)
		require.NotEqual(t, string(config), nowhere)
		file := t.TempDir() + "/kubeconfig"
		require.NoError(t, os.WriteFile(file, []byte(nowhere), 0o600))
		lost := behind(t, "--keep", "0", "--kubeconfig", file)
		require.Equal(t, 36, lost.code, lost.stderr)
		typo := behind(t, "--keep", "0", "--kubeconfig", i.Kubeconfig, "--namespace", i.n.production+"-typo")
		require.Equal(t, 2, typo.code, typo.stderr)
		require.Contains(t, typo.stderr, "namespace "+i.n.production+"-typo: does not exist")
		require.Equal(t, before, i.tags(t))
	})
	t.Run("a registry that does not delete is told in one line", func(t *testing.T) {
		behind := i.through(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
			return r.Method == http.MethodDelete
		})
		done := behind(t, "--keep", "0", "--kubeconfig", i.Kubeconfig)
		require.Equal(t, 30, done.code, done.stderr)
		require.Contains(t, done.stderr, "the registry does not delete; turn deletion on")
		require.Equal(t, before, i.tags(t))
	})
	t.Run("what runs, is recorded or in flight stays, and the rest goes with what is attached", func(t *testing.T) {
		i.startPod(t, "somebodys", i.Image+"/"+i.name.RepositoryStr()+"@"+digests[1])
		i.leaveUndo(t, "dead", i.Image+"/"+i.name.RepositoryStr()+"@"+digests[2])
		i.r.commit()
		flying := i.r.version()
		var during ended
		line := func(_ *os.Process, text string) {
			if strings.HasPrefix(text, "functional: Deployment ") && during.stdout == "" {
				during = i.cleanup(t, "--keep", "2")
			}
		}
		run := i.start(t, i.r, i.n, line, "--until", "functional")()
		require.Equal(t, 0, run.code, run.stdout+run.stderr)
		require.Equal(t, 0, during.code, during.stderr)
		require.Contains(t, during.stdout, versions[0]+"-beta "+digests[0])
		require.Regexp(t, `removed, with \d+ attached documents`, during.stdout)
		after := i.tags(t)
		for _, kept := range []string{versions[1], versions[2], versions[4], flying, released.report.Version} {
			require.Contains(t, after, kept+"-beta")
		}
		require.NotContains(t, after, versions[0]+"-beta")
		require.NotContains(t, after, versions[3]+"-beta")
		require.NotContains(t, after, strings.Replace(digests[0], ":", "-", 1))
		_, err := remote.Head(i.name.Digest(document))
		require.Error(t, err, "it is attached to nothing")
		require.Equal(t, released.report.Digest, after["latest"])
	})
	t.Run("again, when nothing needs them any more", func(t *testing.T) {
		require.NoError(t, i.typed.CoreV1().Secrets(i.n.production).Delete(t.Context(), "slipway-undo-dead", metav1.DeleteOptions{}))
		require.NoError(t, i.typed.CoreV1().Pods(i.n.build).Delete(t.Context(), "somebodys", *metav1.NewDeleteOptions(0)))
		done := i.cleanup(t, "--keep", "0")
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stdout, "; kept: 1 released, 1 in use by builds")
		evidence := strings.Replace(released.report.Digest, ":", "-", 1)
		require.ElementsMatch(t, []string{"latest", released.report.Version, released.report.Version + "-beta", "slipway-beta", evidence}, slices.Collect(maps.Keys(i.tags(t))))
		again := i.shipped(t)
		require.NotEqual(t, released.report.Digest, again.report.Digest, "a commit whose image was removed is built again")
	})
}

func TestARunRemovesItsImageWhereItsDescriptionSaysSo(t *testing.T) {
	i := newRepositoryOfImages(t, "removes", "betas: {removeImage: true}\n")
	tested := i.pipeline(t, i.r, i.n, "--until", "functional")
	require.Equal(t, 0, tested.code, tested.stdout+tested.stderr)
	require.NotContains(t, i.tags(t), tested.report.Version+"-beta")
	i.r.edit("kustomize/overlays/beta/kustomization.yaml", "QUEUE=", "QUEUE=\n  - UNUSED=")
	i.r.commit()
	released := i.shipped(t)
	require.Contains(t, i.tags(t), released.report.Version+"-beta")
	again := i.pipeline(t, i.r, i.n, "--until", "functional")
	require.Equal(t, 0, again.code, again.stdout+again.stderr)
	require.Equal(t, released.report.Digest, i.tags(t)[released.report.Version+"-beta"], "it is released")
}
