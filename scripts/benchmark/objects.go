package main

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	configMaps  = 160
	deployments = 40
)

// manifests returns a v1 List of all objects at one version, as JSON: no object
// is the same at another.
func manifests(namespace string, version int) ([]byte, error) {
	list := unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "List"}}
	add := func(format string, args ...any) error {
		var object map[string]any
		if err := yaml.Unmarshal(fmt.Appendf(nil, format, args...), &object); err != nil {
			return err
		}
		list.Items = append(list.Items, unstructured.Unstructured{Object: object})
		return nil
	}
	for i := range configMaps {
		if err := add(configMap, i, namespace, version); err != nil {
			return nil, err
		}
	}
	for i := range deployments {
		if err := add(deployment, i, namespace, version, 1+i%2); err != nil {
			return nil, err
		}
	}
	return json.Marshal(&list)
}

const configMap = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-%03[1]d
  namespace: %[2]s
  labels: {app.kubernetes.io/name: bench, app.kubernetes.io/part-of: bench}
data:
  version: "%[3]d"
  log-level: info
  database.properties: |
    host = database-%[1]d.example.com
    pool = 16
    timeout = 30s
`

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-%02[1]d
  namespace: %[2]s
  labels: {app.kubernetes.io/name: service-%02[1]d, app.kubernetes.io/part-of: bench}
spec:
  replicas: %[4]d
  selector: {matchLabels: {app: service-%02[1]d}}
  template:
    metadata: {labels: {app: service-%02[1]d}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      terminationGracePeriodSeconds: 5
      containers:
      - name: service
        image: registry.example.com/team/service-%[1]d:%[3]d
        env:
        - {name: VERSION, value: "%[3]d"}
        - {name: LOG_LEVEL, valueFrom: {configMapKeyRef: {name: settings-%03[1]d, key: log-level}}}
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /health, port: http}, periodSeconds: 1}
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`
