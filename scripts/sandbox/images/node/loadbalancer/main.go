// Command loadbalancer gives each Service of type LoadBalancer the node's own
// address, for whose ports kube-proxy then takes the traffic.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
)

// retryPeriod is how often a Service that has no address is looked at again: a
// program of the node may have let go of its port.
const retryPeriod = 5 * time.Second

func main() {
	ctx := context.Background()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		klog.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	events := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "loadbalancer"})

	factory := informers.NewSharedInformerFactory(client, 0)
	services := factory.Core().V1().Services()
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default: // it will look at this change, too
		}
	}
	if _, err := services.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { wake() }, UpdateFunc: func(any, any) { wake() }, DeleteFunc: func(any) { wake() },
	}); err != nil {
		klog.Fatal(err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	told := map[types.UID]string{} // what a Service has been refused for
	for address := os.Args[1]; ; {
		all, err := services.Lister().List(labels.Everything())
		if err != nil {
			klog.Fatal(err)
		}
		for _, given := range assign(all, address, inUse(address)) {
			if given.refused != "" && told[given.service.UID] != given.refused {
				events.Event(given.service, corev1.EventTypeWarning, "PortInUse", given.refused)
			}
			told[given.service.UID] = given.refused
			if err := publish(ctx, client, given.service, given.status); err != nil {
				klog.Error(err)
			}
		}
		select {
		case <-changed:
		case <-time.After(retryPeriod):
		}
	}
}

// publish writes a status that has changed. Whoever has written the Service, or
// deleted it, since it was read has also woken us.
func publish(ctx context.Context, client kubernetes.Interface, service *corev1.Service, status corev1.LoadBalancerStatus) error {
	if equality.Semantic.DeepEqual(service.Status.LoadBalancer, status) {
		return nil
	}
	updated := service.DeepCopy()
	updated.Status.LoadBalancer = status
	_, err := client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("write the status of Service %s/%s: %w", service.Namespace, service.Name, err)
	}
	return nil
}
