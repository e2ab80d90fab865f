// Package account knows the pipeline's own ServiceAccounts: their kubeconfigs, which
// rights they may not have, and that nothing which is deployed can act as one of them.
// It does not know stages or releases.
package account

import (
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// AccountKubeconfig returns a kubeconfig with the rights of a namespace's account and
// nothing more, by a token that the API server issues for lifetime, or for less
// (TokenRequest, KEP-1205), and until when it is good. It is a secret.
func AccountKubeconfig(ctx context.Context, c *cluster.Cluster, namespace string, lifetime time.Duration) (kubeconfig []byte, until time.Time, err error) {
	seconds := int64(lifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.Typed.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, Account, request, metav1.CreateOptions{})
	if err != nil {
		return nil, until, cluster.FromAPI(ctx, managed.Name("ServiceAccount", namespace, Account), "issue a token", err)
	}
	at, config := c.RestConfig(), clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: at.Host, CertificateAuthorityData: at.CAData,
		CertificateAuthority: at.CAFile, TLSServerName: at.ServerName, InsecureSkipTLSVerify: at.Insecure}
	config.AuthInfos[Account] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts[Account] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: Account, Namespace: namespace}
	config.CurrentContext = Account
	kubeconfig, err = clientcmd.Write(*config)
	return kubeconfig, token.Status.ExpirationTimestamp.Time, err
}
