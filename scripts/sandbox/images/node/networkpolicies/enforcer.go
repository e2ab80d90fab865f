package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	listersv1 "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
)

// enforcer keeps the kernel's rules what the policies ask for.
type enforcer struct {
	pods       listersv1.PodLister
	namespaces listersv1.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister

	mu       sync.Mutex
	reported map[types.UID]string // addresses that the API server does not know yet
	loaded   string               // the rules in the kernel
}

func newEnforcer(pods listersv1.PodLister, namespaces listersv1.NamespaceLister, policies networkinglisters.NetworkPolicyLister) *enforcer {
	return &enforcer{pods: pods, namespaces: namespaces, policies: policies, reported: map[types.UID]string{}}
}

// sync loads the rules if others are asked for than those in the kernel.
func (e *enforcer) sync(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, err := e.read()
	if err != nil {
		return err
	}
	rules := now.rules()
	if rules == e.loaded {
		return nil
	}
	load := exec.CommandContext(ctx, "nft", "-f", "-")
	load.Stdin = strings.NewReader(rules)
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	e.loaded = rules
	return nil
}

// read returns what counts for the rules: no pods on the node's own network, and
// of those that have had an address in turn the last one.
func (e *enforcer) read() (*state, error) {
	now := &state{namespaces: map[string]labels.Set{}}
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	byIP := map[string]*corev1.Pod{}
	for _, p := range pods {
		ip := cmp.Or(p.Status.PodIP, e.reported[p.UID])
		ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		if ip == "" || p.Spec.HostNetwork || ended {
			continue
		}
		if before := byIP[ip]; before == nil || before.CreationTimestamp.Before(&p.CreationTimestamp) {
			byIP[ip] = p
		}
	}
	for ip, p := range byIP {
		now.pods = append(now.pods, pod{p, ip})
	}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, n := range namespaces {
		now.namespaces[n.Name] = n.Labels
	}
	now.policies, err = e.policies.List(labels.Everything())
	return now, err
}

func (e *enforcer) forget(uid types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.reported, uid)
}

// listen takes from the CNI plugin what pod has got what address, and answers once
// its rules are in the kernel: before any of its containers runs. Else a new pod
// would be open, and closed to those who allow it in, until the API server has
// been told its address, a moment after it runs.
func (e *enforcer) listen(socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var network struct {
			PrevResult json.RawMessage `json:"prevResult"`
		}
		var result struct {
			IPs []struct {
				Address string `json:"address"`
			} `json:"ips"`
		}
		err := json.NewDecoder(r.Body).Decode(&network)
		if err == nil {
			err = json.Unmarshal(network.PrevResult, &result)
		}
		if err != nil || len(result.IPs) == 0 {
			http.Error(w, fmt.Sprintf("no address in the result of the plugin before: %v", err), http.StatusBadRequest)
			return
		}
		ip, _, _ := strings.Cut(result.IPs[0].Address, "/")
		for _, argument := range strings.Split(r.Header.Get("Cni-Args"), ";") {
			if uid, ok := strings.CutPrefix(argument, "K8S_POD_UID="); ok {
				e.mu.Lock()
				e.reported[types.UID(uid)] = ip
				e.mu.Unlock()
			}
		}
		if err := e.sync(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(network.PrevResult)
	}))
}
