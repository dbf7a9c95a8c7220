// SPDX-License-Identifier: AGPL-3.0-or-later

// Package storetest runs a test on each database that we support.
//
// SQLite is a file in the test's temporary directory. PostgreSQL is a cluster
// of the test binary's own, on a Unix socket in a temporary directory, started
// when first asked for; or the server that the environment variable
// TEST_POSTGRES names, as postgres://user:password@host/database, whose user
// may create databases. Where there is no PostgreSQL those tests are skipped.
//
// A package that uses it says so in its TestMain:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Each runs f as the subtests "sqlite" and "postgres". There, db returns the
// address of an empty database, as store.Options want it: another one for each
// name.
func Each(t *testing.T, f func(t *testing.T, db func(name string) string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// EachB is Each for benchmarks.
func EachB(b *testing.B, f func(b *testing.B, db func(name string) string)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { f(b, SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { f(b, Postgres(b)) })
}

// SQLite returns a function that names SQLite databases.
func SQLite(t testing.TB) func(name string) string {
	dir := t.TempDir()
	return func(name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }
}

// Postgres returns a function that names PostgreSQL databases, and skips the
// test where there is none.
func Postgres(t testing.TB) func(name string) string {
	t.Helper()
	server, err := running()
	if errors.Is(err, errNone) {
		t.Skip("no PostgreSQL here: install it, or name one in TEST_POSTGRES")
	}
	if err != nil {
		t.Fatal(err)
	}
	var lock sync.Mutex
	made := map[string]string{}
	return func(name string) string {
		t.Helper()
		lock.Lock()
		defer lock.Unlock()
		if made[name] == "" {
			made[name] = create(t, server)
		}
		return made[name]
	}
}

// Main runs the tests of a package, and stops PostgreSQL after them.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a package whose TestMain has more to do: it returns the
// status to exit with.
func Run(m *testing.M) int {
	defer stop()
	return m.Run()
}

var errNone = errors.New("there is no PostgreSQL")

// The cluster of this test binary.
var (
	once    sync.Once
	address string // of the server; empty while there is none
	failure error
	dir     string
	process *exec.Cmd
	keeper  *os.File // its end stops the server
	counter atomic.Int64
)

// running returns the address of a server.
func running() (string, error) {
	once.Do(func() {
		if address = os.Getenv("TEST_POSTGRES"); address == "" {
			address, failure = start()
		}
	})
	return address, failure
}

// programs returns the folder of initdb and postgres.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), "postgres")); err == nil {
				return filepath.Dir(p), nil
			}
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNone
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // not a number: the oldest
	return n
}

// owner returns who runs the server: PostgreSQL refuses to run as root.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errNone
}

// start makes a cluster and runs it. The server is the child of a shell that
// waits for its standard input to end, stops it and cleans up: so nothing
// outlives this process, however that ends.
func start() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	who, err := owner()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "maillage-postgres-"); err != nil {
		return "", err
	}
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	if out, err := command(who, filepath.Join(bin, "initdb"), "-D", data, "-U", "maillage", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	process = command(who, "/bin/sh", "-c",
		`"$0" "$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; cd / && rm -rf "$FOLDER"`,
		filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=300",
		"-c", "shared_buffers=128MB", "-c", "log_min_messages=fatal", "-c", "log_min_error_statement=panic")
	read, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	process.Stdin, keeper = read, write
	if err := process.Start(); err != nil {
		return "", err
	}
	if err := read.Close(); err != nil {
		return "", err
	}
	a := "postgres://maillage@/postgres?host=" + url.QueryEscape(dir)
	return a, await(a)
}

func command(who *syscall.Credential, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "FOLDER=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
	return c
}

// await waits until a server answers.
func await(address string) error {
	pool, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer pool.Close()
	for end := time.Now().Add(30 * time.Second); ; {
		if err = pool.Ping(); err == nil || time.Now().After(end) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func stop() {
	if process != nil {
		_ = keeper.Close() // the server stops
		_ = process.Wait() // by a signal: no failure of the tests
		process = nil
	}
	if dir != "" {
		_ = os.RemoveAll(dir) // it is in the folder for such things
	}
}

// create makes a database that is dropped after the test.
func create(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_POSTGRES is not an address")
	}
	name := fmt.Sprintf("maillage_%d_%d", os.Getpid(), counter.Add(1))
	do(t, server, `CREATE DATABASE `+name)
	t.Cleanup(func() { do(t, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	u.Path = "/" + name
	return u.String()
}

func do(t testing.TB, server, statement string) {
	t.Helper()
	pool, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
