package reach

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/slipway-cd/slipway/ci/route"
)

func TestWhatSpeaksGRPCIsAskedByItsHealthProtocol(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, state := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(server, state)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	without := grpc.NewServer()
	go func() { _ = without.Serve(bare) }()
	defer without.Stop()
	dial := network(map[string]string{"192.0.2.7:80": listener.Addr().String(), "192.0.2.8:80": bare.Addr().String(), "192.0.2.9:80": unused(t)})
	ask := func(url, at string) answer { return newProbe(dial, url+route.GRPCHealth, at).ask(t.Context()) }

	require.Equal(t, answer{answered: true}, ask("http://shop.example", "192.0.2.7"))
	state.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	require.Equal(t, answer{text: route.GRPCHealth + " of shop.example at 192.0.2.7: NOT_SERVING", answered: true}, ask("http://shop.example", "192.0.2.7"))
	require.Equal(t, answer{text: route.GRPCHealth + " of 192.0.2.8: Unimplemented: unknown service grpc.health.v1.Health", answered: true}, ask("http://192.0.2.8", ""))
	refused := ask("http://192.0.2.9", "")
	require.False(t, refused.answered)
	require.Contains(t, refused.text, "connection refused")
	require.Equal(t, "shop.example", ask("http://shop.example", "").unresolved)
}
