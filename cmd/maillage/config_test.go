// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// configured parses "serve" with args, under an environment of NAME=value.
func configured(t *testing.T, environ []string, args ...string) (*Config, error) {
	t.Helper()
	getenv := func(name string) string {
		for _, kv := range environ {
			if k, v, _ := strings.Cut(kv, "="); k == name {
				return v
			}
		}
		return ""
	}
	call, err := parse(append([]string{"serve"}, args...), &env{getenv: getenv, stdout: t.Output(), stderr: t.Output()})
	if err != nil {
		return nil, err
	}
	return &call.Selected().Target.Addr().Interface().(*serveCommand).Config, nil
}

func TestConfigWithoutAnything(t *testing.T) {
	got, err := configured(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Storage: Storage{Data: "./maillage-data", Database: "sqlite:maillage-data/maillage.db"},
		Origin:  "http://127.0.0.1:8080", Listen: []string{"127.0.0.1:8080"},
		LogFormat: "text", LogLevel: "info",
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestConfigOfAPublicInstance(t *testing.T) {
	got, err := configured(t, nil,
		"--origin", "https://AMAP.example:443/", "--listen", ":443", "--listen", ":80", "--data", "/srv/amap",
		"--trusted-proxy", "10.1.2.3/8", "--trusted-proxy", "::1", "--smtp", "smtp://me:pass@mail.example:587",
		"--database", "postgres://maillage@db/amap")
	if err != nil {
		t.Fatal(err)
	}
	if got.Origin != "https://amap.example" {
		t.Errorf("origin %s", got.Origin)
	}
	if !got.ACME() {
		t.Error("no certificate of its own")
	}
	if got.MailFrom != "noreply@amap.example" {
		t.Errorf("mail from %s", got.MailFrom)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	if diff := cmp.Diff(want, got.Proxies, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	environ := []string{
		"MAILLAGE_LOG_LEVEL=debug", "MAILLAGE_LOG_FORMAT=json", "MAILLAGE_LISTEN=127.0.0.1:1,[::1]:2",
		"MAILLAGE_ALLOW_PRIVATE_NETWORKS=true", "MAILLAGE_NAME=", "MAILLAGE_TLS_CERT=c", "MAILLAGE_TLS_KEY=k",
	}
	got, err := configured(t, environ, "--log-level", "warn")
	if err != nil {
		t.Fatal(err)
	}
	if got.LogLevel != "warn" || got.LogFormat != "json" || !got.AllowPrivateNetworks || len(got.Listen) != 2 {
		t.Errorf("got %+v", got)
	}
	if got.Origin != "https://127.0.0.1:1" {
		t.Errorf("origin %s", got.Origin)
	}
	if got, err := configured(t, environ, "--no-such-flag"); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestEveryFlagHasItsVariable(t *testing.T) {
	for flag, name := range map[string]string{"tls-cert": "MAILLAGE_TLS_CERT", "smtp": "MAILLAGE_SMTP", "origin": "MAILLAGE_ORIGIN"} {
		if got := envName(flag); got != name {
			t.Errorf("%s is %s", flag, got)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		args string
		want string // "": refused
	}{
		{"--origin https://amap.example", "https://amap.example"},
		{"--origin https://amap.example:8443", "https://amap.example:8443"},
		{"--origin HTTPS://Amap.Example/", "https://amap.example"},
		{"--origin http://localhost:8080", "http://localhost:8080"},
		{"--origin http://amap.localhost:80", "http://amap.localhost"},
		{"--origin http://[::1]:8080", "http://[::1]:8080"},
		{"--origin http://127.9.9.9", "http://127.9.9.9"},
		{"--origin http://192.168.1.5:8080 --allow-private-networks", "http://192.168.1.5:8080"},
		{"--listen localhost:3000", "http://localhost:3000"},
		{"--listen [::1]:3000", "http://[::1]:3000"},
		{"--listen 192.168.1.5:3000 --allow-private-networks", "http://192.168.1.5:3000"},
		{"--origin http://192.168.1.5:8080", ""},
		{"--origin http://amap.example", ""},
		{"--origin https://amap.example/x", ""},
		{"--origin https://amap.example?", ""},
		{"--origin https://amap.example?q", ""},
		{"--origin https://amap.example#f", ""},
		{"--origin https://me@amap.example", ""},
		{"--origin https:amap.example", ""},
		{"--origin https://", ""},
		{"--origin amap.example", ""},
		{"--origin http://localhost --tls-cert c --tls-key k", ""},
		{"--listen 0.0.0.0:3000", ""},
		{"--listen :3000 --allow-private-networks", ""},
		{"--listen 127.0.0.1:99999", ""},
		{"--listen 127.0.0.1", ""},
		{"--listen 127.0.0.1:3000 --metrics-listen 127.0.0.1:3000", ""},
		{"--metrics-listen 9090", ""},
		{"--tls-key k", ""},
		{"--origin https://amap.example --acme-directory ca.example", ""},
		{"--origin https://amap.example --acme-directory http://ca.example/", ""},
		{"--origin https://amap.example --acme-directory https://ca.example/ --tls-cert c --tls-key k", ""},
		{"--acme-directory https://ca.example/", ""},
		{"--mail-from nobody", ""},
		{"--smtp imap://mail.example", ""},
		{"--database sqlite:", ""},
		{"--data=", ""},
	} {
		t.Run(test.args, func(t *testing.T) {
			got, err := configured(t, nil, strings.Fields(test.args)...)
			if test.want == "" {
				if !errors.As(err, new(*flagError)) || !strings.HasPrefix(err.Error(), "--") || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Origin != test.want {
				t.Errorf("got %s", got.Origin)
			}
		})
	}
}

func TestOriginWaitsForThePort(t *testing.T) {
	got, err := configured(t, nil, "--listen", "127.0.0.1:0")
	if err != nil || got.Origin != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	c := &Config{LogFormat: "json", LogLevel: "warn"}
	log := c.Logger(&out)
	log.Info("quiet")
	log.Warn("loud", slog.String("host", "amap.example"))
	if !strings.HasPrefix(out.String(), `{"time":`) || strings.Contains(out.String(), "quiet") {
		t.Error(out.String())
	}
}

// B53: whatever strangers send, an entry of the log is one line of JSON.
func TestB53TheLogIsOneLineForEachEntry(t *testing.T) {
	var out bytes.Buffer
	c := &Config{LogFormat: "json", LogLevel: "info"}
	nasty := "x\r\n{\"level\":\"ERROR\"}\x1b[2J\x1b]0;owned\a\u2028\x00\x9b"
	c.Logger(&out).Info(nasty, slog.String("agent", nasty), slog.String(nasty, "path"), slog.Any("err", errors.New(nasty)))
	if n := strings.Count(out.String(), "\n"); n != 1 || strings.ContainsAny(out.String(), "\x1b\r\x00\a") || strings.Contains(out.String(), "\u2028") {
		t.Errorf("%d lines: %q", n, out.String())
	}
	var entry map[string]any
	if err := json.Unmarshal(out.Bytes(), &entry); err != nil || entry["level"] != "INFO" {
		t.Errorf("%v %v", entry, err)
	}
}
