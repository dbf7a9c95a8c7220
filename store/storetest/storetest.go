// SPDX-License-Identifier: AGPL-3.0-or-later

// Package storetest runs a test on each database that we support.
//
// SQLite is a file in the test's temporary directory. PostgreSQL is a cluster
// of the test binary's own, on a Unix socket in a temporary directory, started
// when first asked for; or the server that the environment variable
// TEST_POSTGRES names, as postgres://user:password@host/database, whose user
// may create databases. Where there is no PostgreSQL those tests are skipped.
//
// The schema is made once for each test binary, and copied. A package that uses
// this says so in its TestMain, and how a database is opened (package store
// cannot be imported here, as its own tests use this one):
//
//	func TestMain(m *testing.M) { storetest.Main(m, open) }
//
//	func open(database string) (io.Closer, error) {
//		return store.Open(context.Background(), store.Options{Database: database})
//	}
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
// address of a database with the current schema and nothing in it, as
// store.Options want it: another one for each name.
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
	return func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name+".db")
		if err := copySchema(path); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + path
	}
}

// copySchema makes a database at path, unless it is there.
func copySchema(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	bytes, err := schema()
	if err != nil {
		return err
	}
	if _, err := file.Write(bytes); err != nil {
		return err
	}
	return file.Close()
}

// schema is a SQLite file with nothing but the schema.
var schema = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "maillage-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "schema.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// migrate makes the schema in an empty database.
func migrate(database string) error {
	db, err := opener(database)
	if err != nil {
		return err
	}
	return db.Close()
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

// Main runs the tests of a package, and stops PostgreSQL after them. open brings
// a database to the current schema.
func Main(m *testing.M, open func(database string) (io.Closer, error)) { os.Exit(Run(m, open)) }

// Run is Main for a package whose TestMain has more to do: it returns the
// status to exit with.
func Run(m *testing.M, open func(database string) (io.Closer, error)) int {
	opener = open
	defer stop()
	return m.Run()
}

var opener func(database string) (io.Closer, error)

var errNone = errors.New("there is no PostgreSQL")

// The cluster of this test binary.
var (
	once    sync.Once
	address string // of the server; empty while there is none
	failure error
	model   string // a database with the schema, that others are copies of
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
		if failure == nil {
			failure = makeModel(address)
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
	if model != "" {
		_ = do(address, `DROP DATABASE IF EXISTS `+model) // as good as it gets: the tests are over
	}
	if process != nil {
		_ = keeper.Close() // the server stops
		_ = process.Wait() // by a signal: no failure of the tests
		process = nil
	}
	if dir != "" {
		_ = os.RemoveAll(dir) // it is in the folder for such things
	}
}

// makeModel makes the database that others are copies of.
func makeModel(server string) error {
	name := fmt.Sprintf("maillage_%d_model", os.Getpid())
	if err := do(server, `CREATE DATABASE `+name); err != nil {
		return err
	}
	model = name
	u, err := named(server, name)
	if err != nil {
		return err
	}
	return migrate(u)
}

// create makes a database that is dropped after the test.
func create(t testing.TB, server string) string {
	t.Helper()
	name := fmt.Sprintf("maillage_%d_%d", os.Getpid(), counter.Add(1))
	u, err := named(server, name)
	if err == nil {
		err = do(server, `CREATE DATABASE `+name+` TEMPLATE `+model)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := do(server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return u
}

// named returns the address of another database of a server.
func named(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("TEST_POSTGRES is not an address")
	}
	u.Path = "/" + name
	return u.String(), nil
}

func do(server, statement string) error {
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
