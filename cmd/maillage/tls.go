// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// tls returns how to speak https: by an own certificate, by one got through
// ACME, or not at all, behind a proxy. The handler answers on port 80 beside
// it: challenges and redirects.
func (p *program) tls(ctx context.Context, c *Config) (*tls.Config, http.Handler, error) {
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.Origin+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
	switch {
	case c.TLSCert != "":
		own := &ownCertificate{config: c, log: p.log}
		if err := own.read(); err != nil {
			return nil, nil, err
		}
		return &tls.Config{GetCertificate: own.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, redirect, nil
	case c.ACME():
		return p.acme(ctx, c, redirect)
	}
	return nil, nil, nil
}

// certificate reads the own certificate.
func (c *Config) certificate() (tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		err = fmt.Errorf("--tls-cert, --tls-key: %w; name two files in PEM, a certificate and the key it was made for, that this user may read", err)
	}
	return cert, err
}

// An ownCertificate is the one of --tls-cert, read again when its file changes:
// what renews it need not tell us.
type ownCertificate struct {
	config *Config
	log    *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time // when the file was
	checked time.Time
}

// certificateCheck is how often the file is looked at, at most.
const certificateCheck = time.Minute

// get is for [tls.Config]. What cannot be read, because it is just being
// written, is tried again the next time.
func (o *ownCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.checked) < certificateCheck {
		return o.current, nil
	}
	o.checked = time.Now()
	if err := o.read(); err != nil {
		o.log.Error("certificate", "err", err)
	}
	return o.current, nil
}

// read reads the files if they are others than before.
func (o *ownCertificate) read() error {
	var written time.Time // of a file that is just being replaced: nothing is known
	if info, err := os.Stat(o.config.TLSCert); err == nil {
		written = info.ModTime()
	}
	if o.current != nil && written.Equal(o.written) {
		return nil
	}
	cert, err := o.config.certificate()
	if err != nil {
		return err
	}
	o.current, o.written = &cert, written
	return nil
}

// checkCertificate refuses an own certificate that cannot be used.
func (c *Config) checkCertificate() error {
	if c.TLSCert == "" {
		return nil
	}
	_, err := c.certificate()
	return err
}

// acme gets a certificate for our host and renews it.
func (p *program) acme(ctx context.Context, c *Config, redirect http.Handler) (*tls.Config, http.Handler, error) {
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil },
		Logger:           zap.NewNop(),
	})
	magic = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(c.Data, "certificates")},
		Logger:  zap.NewNop(),
		OnEvent: func(_ context.Context, event string, data map[string]any) error {
			switch event {
			case "cert_obtained":
				p.log.Info("certificate", "host", data["identifier"], "issuer", data["issuer"])
			case "cert_failed":
				p.log.Error("certificate", "host", data["identifier"], "err", data["error"])
			}
			return nil
		},
	})
	host, port := c.publicAddress()
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA: cmp.Or(c.ACMEDirectory, certmagic.LetsEncryptProductionCA), Agreed: true, Logger: zap.NewNop(),
		ListenHost: host, AltTLSALPNPort: port, // where the challenge is answered: by us
		DisableHTTPChallenge: !c.redirects(), // it would fail, and the authority counts failures
	})
	magic.Issuers = []certmagic.Issuer{issuer}
	if err := magic.ManageAsync(ctx, []string{hostname(hostOf(p.Origin))}); err != nil {
		return nil, nil, fmt.Errorf("certificate for %s: %w", p.Origin, err)
	}
	config := magic.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	return config, issuer.HTTPChallengeHandler(redirect), nil
}
