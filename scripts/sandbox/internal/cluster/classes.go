package cluster

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AddClasses makes the storage class and the ingress class that a bare node
// lacks, both for whoever names none. k3s makes its own and trips over ours.
func AddClasses(ctx context.Context, kubeconfig string) error {
	c, err := Client(kubeconfig)
	if err != nil {
		return err
	}
	whenUsed := storagev1.VolumeBindingWaitForFirstConsumer
	standard := &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       "slipway.dev/local", // images/node/volumes
		VolumeBindingMode: &whenUsed,
	}
	if _, err := c.StorageV1().StorageClasses().Create(ctx, standard, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	traefik := &networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: "traefik", Annotations: map[string]string{"ingressclass.kubernetes.io/is-default-class": "true"}},
		Spec:       networkingv1.IngressClassSpec{Controller: "traefik.io/ingress-controller"},
	}
	if _, err := c.NetworkingV1().IngressClasses().Create(ctx, traefik, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}
