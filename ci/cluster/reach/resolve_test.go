package reach

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers from records, of type A and NS, and else that there is no such name.
// It returns its port on 127.0.0.1.
func nameServer(t *testing.T, records map[string]dnsmessage.ResourceBody) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			var asked dnsmessage.Message
			if asked.Unpack(buffer[:n]) != nil {
				continue
			}
			question := asked.Questions[0]
			answer := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true, RCode: dnsmessage.RCodeNameError}, Questions: asked.Questions}
			body, known := records[strings.TrimPrefix(question.Type.String(), "Type")+" "+question.Name.String()]
			if known {
				answer.RCode = dnsmessage.RCodeSuccess
				answer.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 60}, Body: body}}
			}
			packed, err := answer.Pack()
			if err == nil {
				_, _ = socket.WriteTo(packed, from)
			}
		}
	}()
	_, port, err := net.SplitHostPort(socket.LocalAddr().String())
	require.NoError(t, err)
	return port
}

func TestANameThatACacheDoesNotKnowYetIsAskedOfItsOwnNameServers(t *testing.T) {
	t.Parallel()
	local := dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}
	own := nameServer(t, map[string]dnsmessage.ResourceBody{"A lb-1.eu.lb.example.": &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}}})
	cache := nameServer(t, map[string]dnsmessage.ResourceBody{
		"NS lb.example.":      &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.lb.example.")},
		"A ns.lb.example.":    &local,
		"A known.example.":    &local,
		"NS away.example.":    &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.away.example.")},
		"A other.lb.example.": &local,
	})
	system := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", "127.0.0.1:"+cache)
	}}
	r := &resolver{system: system, port: own}
	require.Equal(t, []string{"192.0.2.7"}, r.authoritative(t.Context(), "lb-1.eu.lb.example"))
	require.Empty(t, r.authoritative(t.Context(), "lb-2.eu.lb.example"), "nor do they")
	require.Empty(t, r.authoritative(t.Context(), "lb.away.example"), "its name server has no address")
	require.Empty(t, r.authoritative(t.Context(), "localhost"))
}
