package manifest_test

import (
	"encoding/base64"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// object is an object as Render returns it: of run 42, in the namespace build.
func object(apiVersion, kind, name string, rest map[string]any) *unstructured.Unstructured {
	content := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name + "-42", "namespace": "build"}}
	for key, value := range rest {
		content[key] = value
	}
	return &unstructured.Unstructured{Object: content}
}

func database() []*unstructured.Unstructured {
	ports := map[string]any{"spec": map[string]any{"ports": []any{map[string]any{"port": int64(5432)}}}}
	return []*unstructured.Unstructured{object("v1", "Service", "db", ports), object("v1", "Service", "message-queue", ports)}
}

// inContainer returns what a container's field is afterwards, and what was told.
func inContainer(field string, value any) (any, manifest.Named) {
	container := map[string]any{"name": "api", field: value}
	pod := map[string]any{"spec": map[string]any{"containers": []any{container}}}
	objects := append(database(), object("batch/v1", "CronJob", "api", map[string]any{"spec": map[string]any{"jobTemplate": map[string]any{"spec": map[string]any{"template": pod}}}}))
	named := manifest.FollowServices(objects, "-42")
	return container[field], named
}

// What is not in doubt either way has neither of the two.
const (
	renamed  = "renamed"
	doubtful = "doubtful"
	left     = "left"
)

func verdict(named manifest.Named) string {
	switch {
	case len(named.Renamed) > 0:
		return renamed
	case len(named.Doubtful) > 0:
		return doubtful
	}
	return left
}

func TestAVariableFollowsTheServiceThatItNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want, verdict string }{
		{"TARGET", "db:5432", "db-42:5432", renamed},
		{"TARGET", "postgres://user:p@ss@db/shop?sslmode=disable", "postgres://user:p@ss@db-42/shop?sslmode=disable", renamed},
		{"TARGET", "http://db", "http://db-42", renamed},
		{"TARGET", "http://db:80/x", "http://db-42:80/x", renamed},
		{"TARGET", "jdbc:postgresql://db:5432/shop", "jdbc:postgresql://db-42:5432/shop", renamed},
		{"TARGET", "db.build", "db-42.build", renamed},
		{"TARGET", "db.build.svc.cluster.local:5432", "db-42.build.svc.cluster.local:5432", renamed},
		{"TARGET", "https://db.build.svc/x", "https://db-42.build.svc/x", renamed},
		{"DATABASE_HOST", "db", "db-42", renamed},
		{"PGHOST", "db", "db-42", renamed},
		{"dbAddr", "db", "db-42", renamed},
		{"DB", "db", "db-42", renamed},
		{"MESSAGE_QUEUE", "message-queue", "message-queue-42", renamed},

		{"MODE", "db", "db", doubtful},
		{"TARGET", "db:16", "db:16", doubtful}, // an image, perhaps
		{"BROKERS", "db:5432,message-queue:5432", "db:5432,message-queue:5432", doubtful},
		{"DSN", "user:pw@tcp(db:5432)/shop", "user:pw@tcp(db:5432)/shop", doubtful},
		{"BROKER", "db-0.db:5432", "db-0.db:5432", doubtful},

		{"DB_USER", "db", "db", left},
		{"OTEL_SERVICE_NAME", "db", "db", left},
		{"DATABASE_HOST", "dbx", "dbx", left},
		{"DATABASE_HOST", "my-db", "my-db", left},
		{"DATABASE_HOST", "db.example.com", "db.example.com", left},
		{"DATABASE_HOST", "db-42", "db-42", left},
		{"DATABASE_HOST", "db.shop.svc", "db.shop.svc", left}, // another namespace's
		{"DATABASE_URL", "https://www.example.com/db", "https://www.example.com/db", left},
		{"DATABASE_URL", "https://db@example.com/", "https://db@example.com/", left},
		{"DATABASE_URL", "http://$(DB_HOST):5432", "http://$(DB_HOST):5432", left},
		{"TEXT", "a db of its own", "a db of its own", left},
		{"DATABASE_URL", "", "", left},
	} {
		got, named := inContainer("env", []any{map[string]any{"name": c.name, "value": c.value}, map[string]any{"name": "POD", "valueFrom": map[string]any{}}})
		require.Equal(t, c.want, got.([]any)[0].(map[string]any)["value"], "%s=%s", c.name, c.value)
		require.Equal(t, c.verdict, verdict(named), "%s=%s", c.name, c.value)
		if c.verdict == renamed {
			require.Equal(t, []string{"CronJob api: env " + c.name}, named.Renamed)
		}
	}
}

func TestArgumentsFollowTheServicesThatTheyName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args, want []any
		verdict    string
	}{
		{[]any{"--database=postgres://db/shop"}, []any{"--database=postgres://db-42/shop"}, renamed},
		{[]any{"--db-host=db", "-v"}, []any{"--db-host=db-42", "-v"}, renamed},
		{[]any{"--host", "db"}, []any{"--host", "db-42"}, renamed},
		{[]any{"wait-for", "db:5432"}, []any{"wait-for", "db-42:5432"}, renamed},
		{[]any{"sh", "-c", "until nc -z db:5432; do sleep 1; done"}, []any{"sh", "-c", "until nc -z db:5432; do sleep 1; done"}, doubtful},
		{[]any{"--mode", "db"}, []any{"--mode", "db"}, doubtful},
		{[]any{"--mode=x", "db"}, []any{"--mode=x", "db"}, left},
		{[]any{"db"}, []any{"db"}, left}, // the program
		{[]any{int64(1), "db:5432"}, []any{int64(1), "db-42:5432"}, renamed},
	} {
		got, named := inContainer("args", c.args)
		require.Equal(t, c.want, got)
		require.Equal(t, c.verdict, verdict(named), c.args)
	}
}

func TestConfigurationAndSecretsFollowTheServicesThatTheyName(t *testing.T) {
	t.Parallel()
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	config := map[string]any{"db.host": "db\n", "mode": "db", "nginx.conf": "location / {\n  proxy_pass http://db:80;\n}\n", "lines": "HOST=db\n"}
	secret := map[string]any{"url": encoded("postgres://user:correct-horse@db/shop"), "db": encoded("db"), "password": encoded("db"), "host": encoded("db"), "key": encoded("\xff\x00")}
	named := manifest.FollowServices(append(database(), object("v1", "ConfigMap", "config", map[string]any{"data": config}), object("v1", "Secret", "access", map[string]any{"data": secret})), "-42")
	require.Equal(t, map[string]any{"db.host": "db-42\n", "mode": "db", "nginx.conf": "location / {\n  proxy_pass http://db:80;\n}\n", "lines": "HOST=db\n"}, config)
	require.Equal(t, map[string]any{"url": encoded("postgres://user:correct-horse@db-42/shop"), "db": encoded("db"), "password": encoded("db"), "host": encoded("db-42"), "key": encoded("\xff\x00")}, secret)
	require.Equal(t, []string{"ConfigMap config: db.host", "Secret access: host", "Secret access: url"}, named.Renamed)
	const left = ` may name Service db, which is db-42 in a beta, and is left as it is: see "Names of Services" in docs/application.md`
	require.Equal(t, []string{"ConfigMap config: mode" + left, "ConfigMap config: nginx.conf" + left}, named.Doubtful)
}

func TestNothingFollowsWithoutASuffix(t *testing.T) {
	t.Parallel()
	config := map[string]any{"host": "db-42"}
	require.Empty(t, manifest.FollowServices(append(database(), object("v1", "ConfigMap", "config", map[string]any{"data": config})), ""))
	require.Equal(t, "db-42", config["host"])
}

// The repository's own overlay has kustomize rename what its variables name.
func TestWhatKustomizeHasRenamedStays(t *testing.T) {
	t.Parallel()
	layer := manifest.Layer{Namespace: "go-demo-build", NameSuffix: "-42", Components: []string{"kustomize/components/per-run"},
		Values: map[string]string{"run": "42", "path": "/beta/42", "namespace": "go-demo", "buildNamespace": "go-demo-build"}}
	objects, err := manifest.Render(os.DirFS("../.."), "kustomize/overlays/beta", layer)
	require.NoError(t, err)
	require.Empty(t, manifest.FollowServices(objects, "-42"))
}
