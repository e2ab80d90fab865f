package light

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// validity is long enough for a session and short for keys that were forgotten.
const validity = 24 * time.Hour

// authority signs the certificates of one cluster.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

// pair is a certificate and its key in PEM.
type pair struct{ certificate, key []byte }

// writeKeys makes all keys of a cluster in the folder, and admin.conf for the
// server, and returns what that says.
func writeKeys(folder, server string) (*rest.Config, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	apiserver, err1 := ca.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes.default.svc"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	admin, err2 := ca.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	private, public, err3 := signingKey()
	config := adminConfig(server, ca.pem, admin)
	conf, err4 := clientcmd.Write(config)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{
		"ca.crt": ca.pem, "apiserver.crt": apiserver.certificate, "apiserver.key": apiserver.key,
		"sa.key": private, "sa.pub": public, "admin.conf": conf,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	return clientcmd.NewDefaultClientConfig(config, nil).ClientConfig()
}

func adminConfig(server string, ca []byte, admin pair) clientcmdapi.Config {
	config := clientcmdapi.NewConfig()
	config.Clusters["light"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificateData: admin.certificate, ClientKeyData: admin.key}
	config.Contexts["light"] = &clientcmdapi.Context{Cluster: "light", AuthInfo: "admin"}
	config.CurrentContext = "light"
	return *config
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := &authority{key: key, certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}}
	der, err := x509.CreateCertificate(rand.Reader, ca.certificate, ca.certificate, key.Public(), key)
	ca.pem = block("CERTIFICATE", der)
	return ca, err
}

// sign makes a key and has it certified as the template says.
func (a *authority) sign(template *x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return pair{}, err
	}
	template.NotBefore, template.NotAfter = a.certificate.NotBefore, a.certificate.NotAfter
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return pair{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	return pair{block("CERTIFICATE", der), block("PRIVATE KEY", private)}, err
}

// signingKey makes the key that service accounts' tokens are signed with.
func signingKey() (private, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	secret, err1 := x509.MarshalPKCS8PrivateKey(key)
	open, err2 := x509.MarshalPKIXPublicKey(key.Public())
	return block("PRIVATE KEY", secret), block("PUBLIC KEY", open), errors.Join(err1, err2)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
