package cluster

import (
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// AccountKubeconfig returns a kubeconfig with the rights of a ServiceAccount and
// nothing more, by a token that the API server issues for lifetime
// (TokenRequest, KEP-1205). It is a secret.
func (c *Cluster) AccountKubeconfig(ctx context.Context, namespace, account string, lifetime time.Duration) ([]byte, error) {
	seconds := int64(lifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.typed.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fromAPI(ctx, name("ServiceAccount", namespace, account), "issue a token", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData,
		CertificateAuthority: c.config.CAFile, TLSServerName: c.config.ServerName, InsecureSkipTLSVerify: c.config.Insecure}
	config.AuthInfos[account] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts[account] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: account, Namespace: namespace}
	config.CurrentContext = account
	return clientcmd.Write(*config)
}
