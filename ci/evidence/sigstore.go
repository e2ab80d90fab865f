package evidence

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// Sigstore is an instance of Sigstore: where its services are, and by which keys what they have signed is known. Both are read when
// they are first asked for: who signs with a key never asks.
type Sigstore struct {
	signing func() (*root.SigningConfig, error)
	trusted func() (*root.TrustedRoot, error)
}

// PublicSigstore is the public instance. Both of its documents come by The Update Framework, whose first keys sigstore-go has built in;
// they are kept where cosign keeps them, too.
func PublicSigstore() *Sigstore {
	return &Sigstore{
		signing: sync.OnceValues(func() (*root.SigningConfig, error) {
			read, err := root.FetchSigningConfig()
			return read, explained("signing configuration", err)
		}),
		trusted: sync.OnceValues(func() (*root.TrustedRoot, error) {
			read, err := root.FetchTrustedRoot()
			return read, explained("trusted root", err)
		}),
	}
}

func explained(document string, err error) error {
	if err != nil {
		return fmt.Errorf("the %s of the public Sigstore could not be had; a private one is named by evidence.sigstore: %w", document, err)
	}
	return nil
}

// NewSigstore is a private instance, by its signing configuration and its trusted root in JSON
// (https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto).
func NewSigstore(signingConfig, trustedRoot []byte) (*Sigstore, error) {
	read, err := root.NewSigningConfigProtobuf(signingConfig)
	if err != nil {
		return nil, fmt.Errorf("it is no signing configuration: %w", err)
	}
	if len(read.GetRekorTlogUrls()) > 0 && read.GetRekorTlogConfig() == nil || len(read.GetTsaUrls()) > 0 && read.GetTsaConfig() == nil {
		return nil, errors.New("the signing configuration does not say how many of its services sign: rekorTlogConfig, tsaConfig")
	}
	signing, err := root.NewSigningConfigFromProtobuf(read)
	if err != nil {
		return nil, err
	}
	trusted, err := root.NewTrustedRootFromJSON(trustedRoot)
	if err != nil {
		return nil, fmt.Errorf("it is no trusted root: %w", err)
	}
	return &Sigstore{
		signing: func() (*root.SigningConfig, error) { return signing, nil },
		trusted: func() (*root.TrustedRoot, error) { return trusted, nil },
	}, nil
}

// Each request to a service is tried again once, after a second.
const (
	serviceTime  = 20 * time.Second
	serviceTries = 1
)

// fulcio is the authority that certifies keys.
func (s *Sigstore) fulcio() (*sign.Fulcio, error) {
	signing, err := s.signing()
	if err != nil {
		return nil, err
	}
	at, err := root.SelectService(signing.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, time.Now())
	if err != nil {
		return nil, fmt.Errorf("the signing configuration has no Fulcio: %w", err)
	}
	return sign.NewFulcio(&sign.FulcioOptions{BaseURL: at.URL, Timeout: serviceTime, Retries: serviceTries}), nil
}

// witnesses are the logs and the timestamp authorities that a signature goes to. They are made anew for each: Rekor's client is not
// made for several at a time.
func (s *Sigstore) witnesses() (out sign.BundleOptions, err error) {
	signing, err := s.signing()
	if err != nil {
		return out, err
	}
	trusted, err := s.trusted()
	if err != nil {
		return out, err
	}
	out.TrustedRoot = trusted // what it would not verify is not attached
	if known := signing.TimestampAuthorityURLs(); len(known) > 0 {
		chosen, err := root.SelectServices(known, signing.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, time.Now())
		if err != nil {
			return out, fmt.Errorf("the signing configuration has no timestamp authority: %w", err)
		}
		for _, at := range chosen {
			out.TimestampAuthorities = append(out.TimestampAuthorities, sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: at.URL, Timeout: serviceTime, Retries: serviceTries}))
		}
	}
	if known := signing.RekorLogURLs(); len(known) > 0 {
		chosen, err := root.SelectServices(known, signing.RekorLogURLsConfig(), sign.RekorAPIVersions, time.Now())
		if err != nil {
			return out, fmt.Errorf("the signing configuration has no Rekor: %w", err)
		}
		for _, at := range chosen {
			out.TransparencyLogs = append(out.TransparencyLogs, sign.NewRekor(&sign.RekorOptions{BaseURL: at.URL, Timeout: serviceTime, Retries: serviceTries, Version: at.MajorAPIVersion}))
		}
	}
	if len(out.TimestampAuthorities)+len(out.TransparencyLogs) == 0 {
		return out, errors.New("the signing configuration has neither a log nor a timestamp authority: nobody could say later when a signature was made")
	}
	return out, nil
}
