package reach

import (
	"net/http"

	//lint:ignore SA1019 client-go's portforward still takes its types
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// podDialer speaks WebSocket, as API servers since v1.31 do, and falls back to
// SPDY where one, or a proxy before it, does not (KEP-4006).
func podDialer(c *cluster.Cluster, namespace, pod string) (httpstream.Dialer, error) {
	url := c.Typed.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	config := c.RestConfig()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	tunnel, err := portforward.NewSPDYOverWebsocketDialer(url, config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(tunnel, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}
