// Package signingkey keeps the key that signs an application's evidence where nobody named another: in a Secret of the
// namespace in which its versions are tested. It does not know what is signed.
package signingkey

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

const (
	// Name is that of the Secret. Whoever may read it can sign.
	Name  = "slipway-signing-key"
	field = "key.pem"
)

// Get returns the namespace's key, nil if there is none.
func Get(ctx context.Context, c *cluster.Cluster, namespace string) ([]byte, error) {
	secret, err := c.Typed.CoreV1().Secrets(namespace).Get(ctx, Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, cluster.FromAPI(ctx, managed.Name("Secret", namespace, Name), "read", err)
	}
	return secret.Data[field], nil
}

// GetOrMake returns the namespace's key. If there is none it makes one; of runs that do so at the same time one wins, and
// all return its key.
func GetOrMake(ctx context.Context, c *cluster.Cluster, namespace string, generate func() ([]byte, error)) ([]byte, error) {
	found, err := Get(ctx, c, namespace)
	if err != nil || found != nil {
		return found, err
	}
	made, err := generate()
	if err != nil {
		return nil, err
	}
	_, err = c.Typed.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: Name, Labels: map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRecord: "key"}},
		Type:       "slipway.dev/key",
		Data:       map[string][]byte{field: made},
	}, metav1.CreateOptions{FieldManager: managed.FieldManager})
	if apierrors.IsAlreadyExists(err) {
		return Get(ctx, c, namespace)
	}
	return made, cluster.FromAPI(ctx, managed.Name("Secret", namespace, Name), "keep the signing key", err)
}
