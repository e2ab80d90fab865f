// Command networkpolicies has the kernel enforce NetworkPolicies by nftables rules.
// The ready-made enforcer, kube-network-policies, needs nftables' queue expression,
// which not every kernel has.
package main

import (
	"context"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	ctx := context.Background()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		klog.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	pods, namespaces, policies := factory.Core().V1().Pods(), factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies()
	e := newEnforcer(pods.Lister(), namespaces.Lister(), policies.Lister())
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default: // it will look at this change, too
		}
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { wake() }, UpdateFunc: func(any, any) { wake() },
			DeleteFunc: func(object any) {
				if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
					object = last.Obj
				}
				if pod, ok := object.(*corev1.Pod); ok {
					e.forget(pod.UID)
				}
				wake()
			},
		}); err != nil {
			klog.Fatal(err)
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := e.sync(ctx); err != nil {
		klog.Fatal(err)
	}
	go func() { klog.Fatal(e.listen(os.Args[1])) }()
	for range changed {
		if err := e.sync(ctx); err != nil { // the former rules stay
			klog.Error(err)
		}
	}
}
