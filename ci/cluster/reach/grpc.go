package reach

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/route"
)

// askGRPC asks once by gRPC's own health protocol, for the server as a whole
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
func (p probe) askGRPC(ctx context.Context) answer {
	at, err := url.Parse(p.url)
	if err != nil {
		return answer{text: cluster.OneLine(err.Error())}
	}
	asked := route.GRPCHealth + " of " + at.Host
	if p.at != "" {
		asked += " at " + p.at
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	secured := insecure.NewCredentials()
	if at.Scheme == "https" {
		secured = credentials.NewTLS(&tls.Config{})
	}
	var unreached atomic.Pointer[error] // by a dial: what gRPC says of it is longer
	client, err := grpc.NewClient("passthrough:///"+net.JoinHostPort(at.Hostname(), strconv.Itoa(portOf(at))), grpc.WithTransportCredentials(secured), grpc.WithAuthority(at.Host),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			connection, err := p.dial(ctx, "tcp", address)
			if err != nil {
				unreached.Store(&err)
			}
			return connection, err
		}))
	if err != nil {
		return answer{text: asked + ": " + cluster.OneLine(err.Error())}
	}
	defer client.Close()
	response, err := grpc_health_v1.NewHealthClient(client).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	switch {
	case err == nil && response.Status == grpc_health_v1.HealthCheckResponse_SERVING:
		return answer{answered: true}
	case err == nil:
		return answer{text: asked + ": " + response.Status.String(), answered: true}
	case status.Code(err) == codes.Unavailable || status.Code(err) == codes.DeadlineExceeded:
		if why := unreached.Load(); why != nil {
			return unanswered(asked, *why)
		}
	}
	return answer{text: asked + ": " + status.Code(err).String() + ": " + cluster.OneLine(status.Convert(err).Message()), answered: status.Code(err) != codes.DeadlineExceeded}
}
