// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// version is what NodeInfo, --version and the User-Agent say.
const version = "0.1.0-dev"

// envPrefix begins the name of every environment variable we read.
const envPrefix = "MAILLAGE_"

// parse reads the command line and the environment. It returns neither a call
// nor an error if help or the version was asked for and has been printed.
func parse(args []string, e *env) (*kong.Context, error) {
	left := false
	parser, err := kong.New(&commands{},
		kong.Name("maillage"),
		kong.Description("A social network server for initiatives of the social and solidarity economy. "+
			"Every flag may also be set by an environment variable: --log-level is "+envPrefix+"LOG_LEVEL. Flags win."),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(int) { left = true }),
		kong.Resolvers(environment(e.getenv)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describe),
	)
	if err != nil {
		return nil, err
	}
	call, err := parser.Parse(args)
	switch {
	case left: // whatever else was missing
		return nil, nil
	case err == nil:
		return call, nil
	case errors.As(err, new(*flagError)):
		return nil, unwrapParse(err)
	}
	return nil, fmt.Errorf("%w; see %s --help", unwrapParse(err), commandOf(err))
}

// describe is what help says of a flag or argument: its default too.
func describe(v *kong.Value) string {
	if v.HasDefault && !v.IsBool() {
		return v.Help + " Default: " + v.Default + "."
	}
	return v.Help
}

// environment finds the value of a flag in the variable named after it. Kong's
// own way would read the process's environment, which tests cannot share.
func environment(getenv func(string) string) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Name == "help" || flag.Name == "version" {
			return nil, nil
		}
		if v := getenv(envName(flag.Name)); v != "" {
			return v, nil
		}
		return nil, nil
	}
}

// envName returns the environment variable of a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// unwrapParse takes the parser's wrapping off an error.
func unwrapParse(err error) error {
	if p := new(kong.ParseError); errors.As(err, &p) {
		return p.Unwrap()
	}
	return err
}

// commandOf returns the command whose help explains an error.
func commandOf(err error) string {
	name := "maillage"
	p := new(kong.ParseError)
	if !errors.As(err, &p) || p.Context == nil {
		return name
	}
	for _, step := range p.Context.Path {
		if step.Command != nil {
			name += " " + step.Command.Name
		}
	}
	return name
}

// versionFlag prints the version.
type versionFlag bool

// BeforeReset runs before anything is required of the other arguments.
func (versionFlag) BeforeReset(k *kong.Kong) error {
	fmt.Fprintln(k.Stdout, "maillage "+version)
	k.Exit(exitDone)
	return nil
}

// A flagError is a flag with a value that cannot be, and what to write instead.
type flagError struct {
	flag   string
	remedy string
}

func (e *flagError) Error() string { return e.flag + ": " + e.remedy }

// wrong makes a [flagError]; the remedy is formatted. It must not repeat a
// value that may hold a password.
func wrong(flag, remedy string, args ...any) error {
	return &flagError{flag: flag, remedy: fmt.Sprintf(remedy, args...)}
}

// Storage says where an instance keeps what it knows. The commands that work
// on the data of an instance embed it, without the rest of [Config].
type Storage struct {
	Data     string `default:"./maillage-data" placeholder:"DIR" help:"Directory for the SQLite database and certificates."`
	Database string `placeholder:"URL" help:"sqlite:PATH or postgres://USER@HOST/NAME. Default: SQLite in the data directory."`
}

// AfterApply fills in what follows from the rest, once flags and environment
// are read, and refuses what cannot work.
func (s *Storage) AfterApply() error {
	if s.Data == "" {
		return wrong("--data", "name a directory, such as ./maillage-data")
	}
	if s.Database == "" {
		s.Database = "sqlite:" + filepath.Join(s.Data, "maillage.db")
	}
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok && path != "" {
		return nil
	}
	u, err := url.Parse(s.Database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return wrong("--database", "write sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	return nil
}

// Config is everything that can be set about a serving instance. Each field
// works when it is left out.
type Config struct {
	Storage

	Origin string   `placeholder:"URL" help:"Public origin, such as https://amap.example. Default: http:// and the first listen address."`
	Listen []string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to answer on; may be given several times."`
	Name   string   `placeholder:"TEXT" help:"The initiative's name, on first start."`
	Handle string   `placeholder:"NAME" help:"The initiative's handle, the part before the @, on first start."`

	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Own certificate. Otherwise one is got by ACME if the origin is https and a listen address has port 443."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate."`

	ACMEDirectory string `name:"acme-directory" placeholder:"URL" help:"Authority that issues the certificate by ACME, whatever the port. Default: Let's Encrypt."`

	TrustedProxy []string       `placeholder:"CIDR" help:"Reverse proxies whose X-Forwarded headers are believed."`
	Proxies      []netip.Prefix `kong:"-"` // TrustedProxy, read

	AllowPrivateNetworks bool `help:"For trials and tests only: peers may be on http, loopback and private addresses."`

	MetricsListen string `placeholder:"HOST:PORT" help:"Address of Prometheus metrics, never on the public port. Default: off."`

	SMTP     string `name:"smtp" placeholder:"URL" help:"smtp://USER:PASSWORD@HOST:PORT to send mail by. Default: no mail."`
	MailFrom string `placeholder:"ADDRESS" help:"Sender of mail. Default: noreply@ and the host of the origin."`

	IMAP        string `name:"imap" placeholder:"URL" help:"imaps://USER:PASSWORD@HOST:PORT/FOLDER to read answers by mail from. Default: none are read there."`
	MailReplies string `placeholder:"ADDRESS" help:"Where answers by mail come to, such as reponses@amap.example: everything to reponses+ANYTHING@ must arrive there. Default: none are asked for."`

	LogFormat string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"text or json."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// AfterApply fills in what follows from the rest, once flags and environment
// are read, and refuses what cannot work. Storage has its own.
func (c *Config) AfterApply() error {
	for _, check := range []func() error{c.checkListen, c.checkTLS, c.checkOrigin, c.checkDirectory, c.checkProxies, c.checkHandle, c.checkMail, c.checkReplies} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkListen() error {
	if len(c.Listen) == 0 {
		return wrong("--listen", "give an address, such as 127.0.0.1:8080")
	}
	for _, a := range c.Listen {
		if !isListenAddress(a) {
			return wrong("--listen", "%q is not an address; write HOST:PORT, such as 127.0.0.1:8080 or :443", a)
		}
	}
	if c.MetricsListen == "" {
		return nil
	}
	if !isListenAddress(c.MetricsListen) {
		return wrong("--metrics-listen", "%q is not an address; write HOST:PORT, such as 127.0.0.1:9090", c.MetricsListen)
	}
	for _, a := range c.Listen {
		if a == c.MetricsListen && !strings.HasSuffix(a, ":0") {
			return wrong("--metrics-listen", "%s is already the public address; choose another port", a)
		}
	}
	return nil
}

// isListenAddress reports whether a has a port we can bind.
func isListenAddress(a string) bool {
	_, port, err := net.SplitHostPort(a)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n <= 65535
}

func (c *Config) checkTLS() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return wrong("--tls-cert", "needs --tls-key with the file of the certificate's private key")
	case c.TLSKey != "" && c.TLSCert == "":
		return wrong("--tls-key", "needs --tls-cert with the file of the certificate")
	}
	return nil
}

// checkDirectory refuses an authority that would not be asked.
func (c *Config) checkDirectory() error {
	if c.ACMEDirectory == "" {
		return nil
	}
	if u, err := url.Parse(c.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		return wrong("--acme-directory", "%q is not the address of an authority; write https:// and the rest, such as https://ca.example/acme/directory", c.ACMEDirectory)
	}
	switch {
	case c.TLSCert != "":
		return wrong("--acme-directory", "there is a certificate of your own already; leave out one of the two")
	case !strings.HasPrefix(c.Origin, "https:"):
		return wrong("--acme-directory", "a certificate is for https; give --origin https://HOST too")
	}
	return nil
}

// checkOrigin wants a bare origin, https unless nobody else can see it. It
// leaves Origin empty if it depends on the port that the system will choose.
func (c *Config) checkOrigin() error {
	if c.Origin == "" {
		return c.originFromListen()
	}
	u, err := url.Parse(c.Origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return wrong("--origin", "%q is not an origin; write https:// and the host, such as https://amap.example", c.Origin)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		return wrong("--origin", "only scheme and host belong here: %s://%s", u.Scheme, u.Host)
	}
	if u.Scheme == "http" && !c.AllowPrivateNetworks && !isLoopback(u.Hostname()) {
		return wrong("--origin", "other servers talk to https only; write https://%s (or, for a trial on a private network, add --allow-private-networks)", u.Host)
	}
	if u.Scheme == "http" && c.TLSCert != "" {
		return wrong("--origin", "there is a certificate; write https://%s", u.Host)
	}
	c.Origin = u.Scheme + "://" + canonicalHost(u)
	return nil
}

// originFromListen makes the origin of a trial: the first address, as long as
// it is one that a browser on this machine can open.
func (c *Config) originFromListen() error {
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(c.Listen[0])
	if err != nil {
		return wrong("--listen", "%q is not an address", c.Listen[0])
	}
	if !isLoopback(host) && (!c.AllowPrivateNetworks || host == "" || isUnspecified(host)) {
		return wrong("--origin", "is missing; with --listen %s give the address people will use, such as https://amap.example", c.Listen[0])
	}
	if port != "0" {
		c.Origin = scheme + "://" + canonicalHost(&url.URL{Scheme: scheme, Host: c.Listen[0]})
	}
	return nil
}

// canonicalHost returns the host of u in lower case, with its port unless that
// is the scheme's own. Ids are compared as text: there must be one spelling.
func canonicalHost(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return host
}

// isLoopback reports whether host is this machine, by name or address.
func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func isUnspecified(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

func (c *Config) checkProxies() error {
	c.Proxies = nil
	for _, s := range c.TrustedProxy {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				return wrong("--trusted-proxy", "%q is not a network; write it as 127.0.0.1/32 or 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		c.Proxies = append(c.Proxies, p.Masked())
	}
	return nil
}

// handles is what preferredUsername may be: the letters every peer accepts.
var handles = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)

func (c *Config) checkHandle() error {
	if c.Handle != "" && !handles.MatchString(c.Handle) {
		return wrong("--handle", "%q cannot be a handle; use up to 64 letters a to z, digits, - and _, beginning and ending with a letter or digit", c.Handle)
	}
	return nil
}

func (c *Config) checkMail() error {
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			return wrong("--mail-from", "%q is not an address; write it as noreply@amap.example", c.MailFrom)
		}
	}
	if c.SMTP == "" {
		return nil
	}
	u, err := url.Parse(c.SMTP)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return wrong("--smtp", "write smtp://USER:PASSWORD@HOST:PORT, with special characters of the password percent-encoded")
	}
	if c.MailFrom == "" && c.Origin != "" {
		o, err := url.Parse(c.Origin)
		if err != nil {
			return wrong("--origin", "%q is not an origin", c.Origin)
		}
		c.MailFrom = "noreply@" + o.Hostname()
	}
	return nil
}

// checkReplies wants a bare address, to which keys can be added, and a mailbox
// only together with it.
func (c *Config) checkReplies() error {
	if c.MailReplies != "" {
		a, err := mail.ParseAddress(c.MailReplies)
		if err != nil || a.Name != "" || a.Address != c.MailReplies || strings.ContainsAny(c.MailReplies, "+\"") {
			return wrong("--mail-replies", "%q is not a plain address; write it as reponses@amap.example", c.MailReplies)
		}
		if c.SMTP == "" {
			return wrong("--mail-replies", "needs --smtp: answers come to letters that were sent")
		}
	}
	if c.IMAP == "" {
		return nil
	}
	u, err := url.Parse(c.IMAP)
	if err != nil || u.Scheme != "imap" && u.Scheme != "imaps" || u.Hostname() == "" {
		return wrong("--imap", "write imaps://USER:PASSWORD@HOST:PORT/FOLDER, with special characters of the password percent-encoded")
	}
	if c.MailReplies == "" {
		return wrong("--imap", "needs --mail-replies with the address whose mail arrives there")
	}
	return nil
}

// ACME reports whether the instance gets its own certificates.
func (c *Config) ACME() bool {
	if c.TLSCert != "" || !strings.HasPrefix(c.Origin, "https:") {
		return false
	}
	_, port := c.publicAddress()
	return port == 443 || c.ACMEDirectory != ""
}

// redirects reports whether one of the addresses has port 80, which sends
// people on to https.
func (c *Config) redirects() bool {
	return slices.ContainsFunc(c.Listen, func(a string) bool { return strings.HasSuffix(a, ":80") })
}

// publicAddress is where peers arrive, or where a router sends them on to: the
// address with port 443, or else the first one that is not for redirects.
func (c *Config) publicAddress() (host string, port int) {
	for _, a := range c.Listen {
		h, text, err := net.SplitHostPort(a)
		n, err2 := strconv.Atoi(text)
		if err != nil || err2 != nil || n == 80 {
			continue
		}
		if port == 0 || n == 443 {
			host, port = h, n
		}
	}
	return host, port
}

// Logger returns the log as configured.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // the flag's enumeration lets nothing else through
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
