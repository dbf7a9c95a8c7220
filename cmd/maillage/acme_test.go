// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// pebble starts Let's Encrypt's own authority for tests. It finds every name at
// this address, and there the challenge.
func pebble(t *testing.T, address string) (directory string, trusted *authority, roots *x509.CertPool) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	told := log.New(&said, "", 0)
	t.Cleanup(func() {
		if told.SetOutput(io.Discard); t.Failed() {
			t.Logf("the authority: %s", &said)
		}
	})
	resolver := nameServer(t, told, host)

	memory := db.NewMemoryStore()
	authority := ca.New(told, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	validation := va.New(told, 0, n, false, resolver, memory)
	front := wfe.New(told, memory, validation, authority, []string{"tests"}, false, false, 1, 1)
	roots = x509.NewCertPool()
	roots.AddCert(authority.GetRootCert(0).Cert)

	trusted = newAuthority(t)
	certFile, keyFile := trusted.issue(t, "127.0.0.1")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(front.Handler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + wfe.DirectoryPath, trusted, roots
}

// nameServer starts one that finds every name at an IPv4 address. It waits until
// it answers: its port may have been taken meanwhile.
func nameServer(t *testing.T, told *log.Logger, host string) (address string) {
	t.Helper()
	eventually(t, "names are found", func() bool {
		address = freeLoopback(t)
		names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{address}, Log: told})
		if err != nil {
			t.Fatal(err)
		}
		names.SetDefaultDNSIPv4(host)
		names.SetDefaultDNSIPv6("")
		go names.Run()
		t.Cleanup(names.Shutdown)
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		found, err := resolver.LookupHost(t.Context(), "amap.test.")
		return err == nil && len(found) == 1 && found[0] == host
	})
	return address
}

// TestACME: an instance gets its certificate from a real authority, which finds
// the challenge answered, and keeps it.
func TestACME(t *testing.T) {
	p := prepare(t, "amap", "")
	directory, trusted, roots := pebble(t, p.listen)
	p.origin = "https://amap.test"
	p.flags, p.env = []string{"--acme-directory", directory}, []string{"SSL_CERT_FILE=" + trusted.file}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "amap.test"}, ForceAttemptHTTP2: true}
	p.client.Transport = transport
	var serials []string
	t.Cleanup(func() {
		if p.kill(); t.Failed() {
			t.Logf("%s", p.log)
		}
	})
	for range 2 {
		p.start()
		a, err := p.ask(http.MethodGet, "/.well-known/webfinger?resource=acct:amap@amap.test", nil)
		if err != nil || a.StatusCode != http.StatusOK || a.ProtoMajor != 2 || !bytes.Contains(a.Body, []byte(`"https://amap.test/`)) {
			t.Fatalf("%+v, %v", a, err)
		}
		serials = append(serials, a.TLS.PeerCertificates[0].SerialNumber.String())
		transport.CloseIdleConnections()
		p.stop()
	}
	if serials[0] != serials[1] {
		t.Error("another certificate was asked for")
	}
	err := filepath.WalkDir(filepath.Join(p.data, "certificates"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 && strings.HasSuffix(path, ".key") {
			t.Errorf("%s may be read by others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Whoever renews a certificate writes other files: those are shown to the next
// one who connects, and half-written ones to nobody.
func TestARenewedCertificateIsShown(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	c := new(Config)
	c.TLSCert, c.TLSKey = first.issue(t, "127.0.0.1")
	var said bytes.Buffer
	own := &ownCertificate{config: c, log: slog.New(slog.NewTextHandler(&said, nil))}
	if err := own.read(); err != nil {
		t.Fatal(err)
	}
	shows := func(by *authority) {
		t.Helper()
		cert, err := own.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: by.pool}); err != nil {
			t.Error(err)
		}
	}
	shows(first)
	cert, key := second.issue(t, "127.0.0.1")
	put := func(from, to string) {
		t.Helper()
		raw, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour) // of a file system with coarse times
		if err := os.Chtimes(to, later, later); err != nil {
			t.Fatal(err)
		}
	}
	put(cert, c.TLSCert)
	shows(first) // it is not looked at all the time
	own.checked = time.Time{}
	shows(first) // the key is still the old one
	if !strings.Contains(said.String(), "--tls-cert") {
		t.Errorf("the log says %q", said.String())
	}
	if err := os.Remove(c.TLSCert); err != nil {
		t.Fatal(err)
	}
	own.checked = time.Time{}
	shows(first) // nor is a file that is gone
	put(cert, c.TLSCert)
	put(key, c.TLSKey)
	own.checked = time.Time{}
	shows(second)
}
