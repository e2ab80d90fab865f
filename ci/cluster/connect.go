// Package cluster connects to a Kubernetes API server and sends its requests: with
// which credential, what that may do, how an error of the server reads, when to try
// again. It does not know what is deployed; what is done with a connection lies in
// the packages beneath it, which all take one.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"maps"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// connectTimeout is how long a server may take to answer the first request.
const connectTimeout = 5 * time.Second

// parallel bounds the requests under way at once.
const Parallel = 16

// Config names a cluster and how to reach what runs in it.
type Config struct {
	Kubeconfig string // file; nothing is ever taken from the environment
	Context    string // context in that file; empty: the file's own current-context
	UserAgent  string
	// Dial connects the HTTP probes of addresses; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Clock is this machine's; nil means time.Now. See Cluster.Now.
	Clock func() time.Time
	// Lease is how long a lease lasts that nobody renews; 0 means 15 seconds. Who waits for
	// one goes by what its holder has written into it.
	Lease time.Duration

	impersonate rest.ImpersonationConfig // see Confined
	requests    *atomic.Int64            // counts on that of the connection that this one is made from
}

// Cluster is a connection to one API server. It is safe for concurrent use.
type Cluster struct {
	given    Config
	config   *rest.Config
	client   *http.Client // of all connections
	version  string
	requests *atomic.Int64 // shared with connections made from this one
	outage   outage
	clock    clock
	known    discovery.CachedDiscoveryInterfaceWithContext // asked once
	mapper   meta.RESTMapperWithContext
	Dynamic  dynamic.Interface
	Metadata metadata.Interface
	Typed    kubernetes.Interface
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	written  generations
	defined  definedKinds
	wide     *Cluster // with the credentials given, where these are another account's

	mutex   sync.Mutex
	granted map[string]authorizationv1.SubjectRulesReviewStatus // by namespace, see rules
}

// Connect reads the kubeconfig and asks the server for its version. The error is
// an *Error: Config when the kubeconfig cannot be used or is refused,
// Unreachable when no server answers within 5 seconds.
func Connect(ctx context.Context, cfg Config) (*Cluster, error) {
	config, err := load(cfg)
	if err != nil {
		return nil, err
	}
	c := &Cluster{given: cfg, config: config, dial: cfg.Dial, requests: cfg.requests}
	if c.requests == nil {
		c.requests = new(atomic.Int64)
	}
	if c.dial == nil {
		c.dial = (&net.Dialer{}).DialContext
	}
	if c.clock.own = cfg.Clock; c.clock.own == nil {
		c.clock.own = time.Now
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return retry{fence{timed{counter{next, c.requests}, &c.clock}}, &c.outage}
	})
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, configError(cfg, err)
	}
	if err := c.clients(client); err != nil {
		return nil, configError(cfg, err)
	}
	answer, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	info, err := discovery.ToDiscoveryInterfaceWithContext(c.Typed.Discovery()).ServerVersionWithContext(answer)
	switch {
	case err == nil:
		c.version = info.GitVersion
		c.outage.begin()
		return c, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("connect to %s: %w", config.Host, context.Cause(ctx))
	case answer.Err() != nil:
		err = fmt.Errorf("no answer within %s", connectTimeout)
	}
	return nil, connectError(cfg, config.Host, err)
}

func (c *Cluster) clients(client *http.Client) (err error) {
	c.client = client
	if c.Dynamic, err = dynamic.NewForConfigAndClient(c.config, client); err != nil {
		return err
	}
	if c.Metadata, err = metadata.NewForConfigAndClient(metadata.ConfigFor(c.config), client); err != nil {
		return err
	}
	if c.Typed, err = kubernetes.NewForConfigAndClient(protobuf(c.config), client); err != nil {
		return err
	}
	c.known = memory.NewMemCacheClientWithContext(discovery.ToDiscoveryInterfaceWithContext(c.Typed.Discovery()))
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapperWithContext(c.known)
	return nil
}

// Requests returns how many HTTP requests were made to the API server so far, by
// this connection and those that share its credentials, see Confined.
func (c *Cluster) Requests() int64 { return Requests(c) }

// Requests returns how many were made through all of the connections, some of which
// may be nil, or share their credentials.
func Requests(connections ...*Cluster) (total int64) {
	counted := map[*atomic.Int64]bool{nil: true}
	for _, c := range connections {
		if c != nil && !counted[c.requests] {
			counted[c.requests] = true
			total += c.requests.Load()
		}
	}
	return total
}

// Server returns the API server's URL and its version, e.g. v1.36.3.
func (c *Cluster) Server() (host, version string) { return c.config.Host, c.version }

func load(cfg Config) (*rest.Config, error) {
	if cfg.Kubeconfig == "" {
		return nil, &Error{Class: Misconfigured, Object: "kubeconfig", Cause: "none given", Try: "name the file with --kubeconfig"}
	}
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: cfg.Kubeconfig}
	file, err := rules.Load()
	if err != nil {
		return nil, configError(cfg, legible(err))
	}
	name := cfg.Context
	if name == "" {
		name = file.CurrentContext
	}
	if err := checkContext(file, name); err != nil {
		return nil, configError(cfg, err)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*file, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return nil, configError(cfg, err)
	}
	config.UserAgent = cfg.UserAgent
	if cfg.impersonate.UserName != "" {
		config.Impersonate = cfg.impersonate
	}
	config.QPS = -1 // the server's own priority and fairness is the limit
	config.WarningHandlerWithContext = keepWarnings{}
	return config, nil
}

func checkContext(file *clientcmdapi.Config, name string) error {
	names := slices.Sorted(maps.Keys(file.Contexts))
	switch {
	case name == "":
		return fmt.Errorf("no context given and the file has no current-context; it has: %s", strings.Join(names, ", "))
	case file.Contexts[name] == nil:
		return fmt.Errorf("context %q does not exist; the file has: %s", name, strings.Join(names, ", "))
	}
	return nil
}

// counter counts the requests that pass through it, but for those that found
// no server to connect to.
type counter struct {
	next  http.RoundTripper
	count *atomic.Int64
}

func (c counter) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if dial := (*net.OpError)(nil); !errors.As(err, &dial) || dial.Op != "dial" {
		c.count.Add(1)
	}
	return response, err
}

// DialContext connects to an address of what runs in the cluster, as Config.Dial says.
func (c *Cluster) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return c.dial(ctx, network, address)
}

// RestConfig returns a copy of what client-go's clients are made from.
func (c *Cluster) RestConfig() *rest.Config { return rest.CopyConfig(c.config) }

// RestClient returns a client for one group of Kubernetes' own kinds, which speaks protobuf.
func (c *Cluster) RestClient(version schema.GroupVersion) (*rest.RESTClient, error) {
	config := protobuf(c.config)
	config.GroupVersion, config.NegotiatedSerializer, config.APIPath = &version, scheme.Codecs.WithoutConversion(), "/apis"
	if version.Group == "" {
		config.APIPath = "/api"
	}
	return rest.RESTClientForConfigAndClient(config, c.client)
}

// protobuf returns the configuration with protobuf asked for, JSON where there is none.
func protobuf(config *rest.Config) *rest.Config {
	out := rest.CopyConfig(config)
	out.ContentType, out.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	return out
}
