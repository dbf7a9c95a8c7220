// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"

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
		cert, err := c.certificate()
		if err != nil {
			return nil, nil, err
		}
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, redirect, nil
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
			if event == "cert_failed" {
				p.log.Error("certificate", "host", data["identifier"], "err", data["error"])
			}
			return nil
		},
	})
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{CA: certmagic.LetsEncryptProductionCA, Agreed: true, Logger: zap.NewNop()})
	magic.Issuers = []certmagic.Issuer{issuer}
	if err := magic.ManageAsync(ctx, []string{hostname(hostOf(p.Origin))}); err != nil {
		return nil, nil, fmt.Errorf("certificate for %s: %w", p.Origin, err)
	}
	config := magic.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	return config, issuer.HTTPChallengeHandler(redirect), nil
}
