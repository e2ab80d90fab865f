package e2e

import "fmt"

// podSpec passes Pod Security's restricted level and fits no node; an account and a
// restart policy are left open.
const podSpec = `{serviceAccountName: %s, restartPolicy: %s, nodeSelector: {nowhere: "true"}, automountServiceAccountToken: true,
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}},
  containers: [{name: api, image: registry.example/app:1, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}`

// at is where the core's things of a namespace are.
func at(namespace, what string) string { return "/api/v1/namespaces/" + namespace + "/" + what }

// in is where those of a group are.
func in(group, namespace, what string) string {
	return "/apis/" + group + "/namespaces/" + namespace + "/" + what
}

func reading(namespace string) []attempt {
	return []attempt{
		{method: "GET", path: at(namespace, "secrets")}, {method: "GET", path: at(namespace, "configmaps/kube-root-ca.crt")},
		{method: "GET", path: at(namespace, "pods")}, {method: "GET", path: at(namespace, "pods/idle")}, {method: "GET", path: in("apps/v1", namespace, "deployments")},
	}
}

func writing(namespace string) []attempt {
	return []attempt{
		{method: "POST", path: at(namespace, "secrets"), body: `{apiVersion: v1, kind: Secret, metadata: {name: tried}}`},
		{method: "POST", path: in("apps/v1", namespace, "deployments"), body: workload("apps/v1", "Deployment", "default")},
		{method: "POST", path: in("networking.k8s.io/v1", namespace, "ingresses"), body: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: tried}, spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}}`},
		{method: "POST", path: in("coordination.k8s.io/v1", namespace, "leases"), body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: slipway-production}}`},
		{method: "PATCH", path: at(namespace, "configmaps/kube-root-ca.crt"), body: `{data: {tried: "true"}}`},
		{method: "DELETE", path: at(namespace, "pods/idle")},
	}
}

// becoming are the ways to another account's rights, or to pass rights on.
func becoming(namespace string) []attempt {
	token := `{apiVersion: authentication.k8s.io/v1, kind: TokenRequest, spec: {}}`
	return []attempt{
		{method: "POST", path: at(namespace, "serviceaccounts/slipway/token"), body: token}, {method: "POST", path: at(namespace, "serviceaccounts/default/token"), body: token},
		{method: "GET", path: at(namespace, "configmaps"), as: "system:serviceaccount:" + namespace + ":slipway"}, {method: "GET", path: at(namespace, "secrets"), as: "admin", of: "system:masters"},
		{method: "POST", path: in("rbac.authorization.k8s.io/v1", namespace, "roles"), body: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: tried}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}`},
		giving(in("rbac.authorization.k8s.io/v1", namespace, "rolebindings"), "RoleBinding", namespace),
	}
}

// giving binds a powerful role to the account that every pod has.
func giving(path, kind, namespace string) attempt {
	return attempt{method: "POST", path: path, body: fmt.Sprintf(`{apiVersion: rbac.authorization.k8s.io/v1, kind: %s, metadata: {name: tried},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}, subjects: [{kind: ServiceAccount, name: default, namespace: %s}]}`, kind, namespace)}
}

// runningAs are the kinds that make pods, and a Secret that would hold the token.
func runningAs(namespace string) []attempt {
	out := []attempt{
		{method: "POST", path: at(namespace, "pods"), body: `{apiVersion: v1, kind: Pod, metadata: {name: tried}, spec: ` + fmt.Sprintf(podSpec, "slipway", "Always") + `}`},
		{method: "POST", path: at(namespace, "secrets"), body: `{apiVersion: v1, kind: Secret, metadata: {name: tried, annotations: {kubernetes.io/service-account.name: slipway}}, type: kubernetes.io/service-account-token}`},
		{method: "POST", path: at(namespace, "replicationcontrollers"), body: workload("v1", "ReplicationController", "slipway")},
		{method: "POST", path: at(namespace, "podtemplates"), body: `{apiVersion: v1, kind: PodTemplate, metadata: {name: tried}, template: {spec: ` + fmt.Sprintf(podSpec, "slipway", "Always") + `}}`},
	}
	for kind, resource := range map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "ReplicaSet": "replicasets"} {
		out = append(out, attempt{method: "POST", path: in("apps/v1", namespace, resource), body: workload("apps/v1", kind, "slipway")})
	}
	for kind, resource := range map[string]string{"Job": "jobs", "CronJob": "cronjobs"} {
		out = append(out, attempt{method: "POST", path: in("batch/v1", namespace, resource), body: workload("batch/v1", kind, "slipway")})
	}
	return out
}

// workload is an object of a kind with a pod template, whose pods run as the account.
func workload(apiVersion, kind, account string) string {
	selector, template := `{matchLabels: {app: tried}}`, `{metadata: {labels: {app: tried}}, spec: `+fmt.Sprintf(podSpec, account, "Always")+`}`
	spec := fmt.Sprintf(`{selector: %s, template: %s}`, selector, template)
	switch kind {
	case "ReplicationController":
		spec = fmt.Sprintf(`{selector: {app: tried}, template: %s}`, template)
	case "StatefulSet":
		spec = fmt.Sprintf(`{serviceName: tried, selector: %s, template: %s}`, selector, template)
	case "Job":
		spec = fmt.Sprintf(`{template: {spec: %s}}`, fmt.Sprintf(podSpec, account, "Never"))
	case "CronJob":
		spec = fmt.Sprintf(`{schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: %s}}}}`, fmt.Sprintf(podSpec, account, "Never"))
	}
	return fmt.Sprintf(`{apiVersion: %s, kind: %s, metadata: {name: tried}, spec: %s}`, apiVersion, kind, spec)
}

// fences are what keeps a namespace's inhabitants in their place.
func fences(namespace string) []attempt {
	guard := "/apis/admissionregistration.k8s.io/v1/"
	return []attempt{
		{method: "PATCH", path: "/api/v1/namespaces/" + namespace, body: `{metadata: {labels: {pod-security.kubernetes.io/enforce: privileged}}}`},
		{method: "PATCH", path: at(namespace, "resourcequotas/quota"), body: `{spec: {hard: {pods: "1000"}}}`},
		{method: "DELETE", path: at(namespace, "limitranges/containers")},
		{method: "DELETE", path: guard + "validatingadmissionpolicies/slipway-account." + namespace},
		{method: "DELETE", path: guard + "validatingadmissionpolicybindings/slipway-account." + namespace},
		{method: "PATCH", path: guard + "validatingadmissionpolicies/slipway-account." + namespace, body: `{spec: {failurePolicy: Ignore}}`},
	}
}
