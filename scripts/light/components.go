package light

import (
	_ "embed"
	"fmt"
	"net"
	"path/filepath"
)

//go:embed stages.yaml
var stages []byte

//go:embed audit.yaml
var auditPolicy []byte

// component is one process: the name tells the program which part to be.
type component struct {
	name, program string
	args          []string
}

// ports are what cannot be had otherwise; the rest of the components serve nothing.
type ports struct{ etcd, etcdPeer, apiserver int }

// freePorts asks the kernel. Another process may take one before ours does; the
// component then ends and says so.
func freePorts() (p ports, err error) {
	for _, port := range []*int{&p.etcd, &p.etcdPeer, &p.apiserver} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return p, err
		}
		defer listener.Close() // all at the end: no port twice
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.folder, name) }

// etcd does not wait for the disk: what it holds is thrown away.
func (c *Cluster) etcd() component {
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcd), fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcdPeer)
	return component{"etcd", c.programs.Kube, []string{
		"--data-dir", c.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer,
		"--heartbeat-interval", "20", "--election-timeout", "200", // it elects itself: sooner
	}}
}

func (c *Cluster) apiserver() component {
	return component{"kube-apiserver", c.programs.Kube, []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", c.ports.etcd),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", c.ports.apiserver),
		"--client-ca-file=" + c.path("ca.crt"), "--tls-cert-file=" + c.path("apiserver.crt"), "--tls-private-key-file=" + c.path("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.path("sa.pub"), "--service-account-signing-key-file=" + c.path("sa.key"),
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
		"--audit-policy-file=" + c.path("audit.yaml"), "--audit-log-path=" + c.AuditLog,
	}}
}

func (c *Cluster) controllers() component {
	return component{"kube-controller-manager", c.programs.Kube, []string{
		"--kubeconfig=" + c.Kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file=" + c.path("sa.key"), "--root-ca-file=" + c.path("ca.crt"),
		"--kube-api-qps=300", "--kube-api-burst=600", // as in the sandbox
	}}
}

func (c *Cluster) scheduler() component {
	return component{"kube-scheduler", c.programs.Kube, []string{
		"--kubeconfig=" + c.Kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=300", "--kube-api-burst=600",
	}}
}

// kwok plays the kubelet of every node. It renews their leases, so that the node
// controller believes them alive.
func (c *Cluster) kwok() component {
	return component{"kwok", c.programs.Kwok, []string{
		"--kubeconfig=" + c.Kubeconfig, "--config=" + c.path("stages.yaml"), "--manage-all-nodes",
		"--node-lease-duration-seconds=40", "--cidr=10.64.0.1/16",
	}}
}
