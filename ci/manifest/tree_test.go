package manifest_test

import (
	"maps"
	"strings"
	"testing/fstest"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// application is a tree as a team writes it: a service with a database, an overlay for betas, components for a run's values.
var application = map[string]string{
	"kustomize/overlays/beta/kustomization.yaml": `
resources: [../../base]
configurations: [names.yaml]
secretGenerator:
- name: postgres
  literals: [password=beta]
`,
	"kustomize/overlays/beta/names.yaml": `
nameReference:
- kind: Service
  version: v1
  fieldSpecs:
  - {kind: Deployment, group: apps, path: spec/template/spec/containers/env/value}
`,
	"kustomize/components/per-run/kustomization.yaml": `
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
replacements:
- source: {kind: ConfigMap, name: slipway-run, fieldPath: data.path}
  targets:
  - select: {kind: Ingress, name: api}
    fieldPaths: [spec.rules.0.http.paths.0.path]
  - select: {kind: Deployment, name: api}
    fieldPaths: ["spec.template.spec.containers.[name=api].env.[name=BASE_PATH].value"]
`,
	"kustomize/components/run-name/kustomization.yaml": `
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
replacements:
- source: {kind: ConfigMap, name: slipway-run, fieldPath: data.run}
  targets:
  - select: {kind: Deployment, name: api}
    fieldPaths: ["spec.template.spec.containers.[name=api].env.[name=RUN].value"]
`,
	"kustomize/namespaces/kustomization.yaml": `
resources: [namespace.yaml]
`,
	"kustomize/namespaces/namespace.yaml": `
apiVersion: v1
kind: Namespace
metadata: {name: go-demo}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: slipway}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: slipway}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: slipway}
subjects:
- {kind: ServiceAccount, name: slipway}
`,
	"kustomize/base/kustomization.yaml": `
resources: [api.yaml, postgres.yaml, policies.yaml]
`,
	"kustomize/base/api.yaml": `
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{port: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: go-demo
        env:
        - {name: BASE_PATH, value: /demo}
        - {name: RUN, value: none}
        - {name: DATABASE_HOST, value: postgres}
        volumeMounts: [{name: password, mountPath: /password}]
      volumes:
      - {name: password, secret: {secretName: postgres}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api}
spec:
  rules:
  - http:
      paths:
      - {path: /demo, pathType: Prefix, backend: {service: {name: api, port: {number: 8080}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: api}}
`,
	"kustomize/base/postgres.yaml": `
apiVersion: v1
kind: Service
metadata: {name: postgres}
spec:
  selector: {app: postgres}
  ports: [{port: 5432}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres}
spec:
  serviceName: postgres
  selector: {matchLabels: {app: postgres}}
  template:
    metadata: {labels: {app: postgres}}
    spec:
      containers:
      - {name: postgres, image: "postgres:18"}
  volumeClaimTemplates:
  - metadata: {name: data, labels: {app: postgres}}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
	"kustomize/base/policies.yaml": `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec:
  podSelector: {}
  policyTypes: [Ingress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: postgres}
spec:
  podSelector: {matchLabels: {app: postgres}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: api}}
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
`,
}

// treeWith returns the application's tree with files added to it or put in the place of its own.
func treeWith(files map[string]string) fstest.MapFS {
	all := maps.Clone(application)
	maps.Copy(all, files)
	tree := fstest.MapFS{}
	for name, content := range all {
		tree[name] = &fstest.MapFile{Data: []byte(strings.TrimLeft(content, "\n"))}
	}
	return tree
}
