package front

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/description"
)

func objects(t *testing.T, text string) (out []*unstructured.Unstructured) {
	t.Helper()
	for _, document := range bytes.Split([]byte(text), []byte("\n---\n")) {
		object := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal(document, &object.Object))
		out = append(out, object)
	}
	return out
}

const (
	web       = "{apiVersion: v1, kind: Service, metadata: {name: web-1}, spec: {selector: {app: web}, ports: [{name: metrics, port: 9090}, {name: http, port: 80}]}}"
	db        = "\n---\n{apiVersion: v1, kind: Service, metadata: {name: db-1}, spec: {ports: [{port: 5432}]}}"
	api       = "\n---\n{apiVersion: v1, kind: Service, metadata: {name: api-1}, spec: {ports: [{port: 8080}]}}"
	pods      = "\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, readinessProbe: {httpGet: {path: /shop/ready, port: 80}}}]}}}}"
	httpRoute = "\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: {rules: [{matches: [{path: {value: /shop}}], backendRefs: [{name: web-1, port: 9090}]}]}}"
	ingress   = "\n---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [{path: /shop/api, backend: {service: {name: db-1, port: {number: 5432}}}}, " +
		"{path: '/shop(/|$)(.*)', backend: {service: {name: web-1, port: {name: metrics}}}}]}}]}}"
)

func TestWhatUsersReachIsReadFromTheObjects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		app     description.Application
		objects string
		want    Front
		error   string
	}{
		"the only Service":              {objects: web, want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/health"}},
		"with its readiness probe":      {objects: web + pods, want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/shop/ready", Probed: true}},
		"with its liveness probe":       {objects: web + strings.Replace(pods, "readinessProbe", "livenessProbe", 1), want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/shop/ready", Probed: true}},
		"ready before alive":            {objects: web + strings.Replace(pods, "[{name: web,", "[{name: side, livenessProbe: {httpGet: {path: /live}}}, {name: web,", 1), want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/shop/ready", Probed: true}},
		"one that is called api":        {objects: web + db + api, want: Front{Service: "api-1", Name: "api", Port: 8080, Health: "/health"}},
		"that of the shortest path":     {objects: web + db + pods + ingress, want: Front{Service: "web-1", Name: "web", Port: 9090, Path: "/shop", Health: "/ready", Probed: true, Public: true}},
		"what is described":             {app: description.Application{Service: "web", Port: 80, Health: "/live"}, objects: web + db + pods, want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/live"}},
		"one with a port of the nodes":  {objects: strings.Replace(web, "spec: {", "spec: {type: NodePort, ", 1), want: Front{Service: "web-1", Name: "web", Port: 80, Health: "/health", Public: true}},
		"that of an HTTPRoute":          {objects: web + db + httpRoute, want: Front{Service: "web-1", Name: "web", Port: 9090, Path: "/shop", Health: "/health", Public: true}},
		"that of a GRPCRoute":           {objects: web + db + strings.NewReplacer("HTTPRoute", "GRPCRoute", "path: {value: /shop}", "method: {service: shop.Cart}").Replace(httpRoute), want: Front{Service: "web-1", Name: "web", Port: 9090, Health: "/grpc.health.v1.Health/Check", Public: true}},
		"none, as of a worker":          {objects: pods[5:], want: Front{}},
		"several that nothing leads to": {objects: web + db, error: "no Ingress or HTTPRoute leads to one of its Services, only web, db: say in service which one users reach"},
		"one that is not there":         {app: description.Application{Service: "shop"}, objects: web, error: "it has no Service shop, only web"},
		"a Service that no Ingress leads to, one of which leads nowhere": {app: description.Application{Service: "api"}, objects: web + api + ingress, error: "Ingress web leads to Service db, which it has not, and none to api"},
		"a port that it has not":         {app: description.Application{Port: 81}, objects: web, error: "the Service web has no port 81"},
		"a Service without any port":     {objects: "{apiVersion: v1, kind: Service, metadata: {name: web-1}}", error: "the Service web-1 has no port that is known: say it in port"},
		"a Service of others, by a path": {app: description.Application{Service: "db", Port: 5432}, objects: web + ingress, want: Front{Service: "db-1", Name: "db", Port: 5432, Path: "/shop/api", Health: "/health", Public: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := Of(c.app, objects(t, c.objects), "-1")
			if c.error != "" {
				require.EqualError(t, err, c.error)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, found)
		})
	}
}
