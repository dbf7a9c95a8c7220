// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// TestCorpus reads every document below the directory that MAILLAGE_CORPUS
// names: collections of what other software writes, which are not ours to
// publish. Nothing may crash, and a failure is one of the kinds we know.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("MAILLAGE_CORPUS")
	if dir == "" {
		t.Skip("MAILLAGE_CORPUS is not set")
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".jsonld") {
			return err
		}
		doc, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		readAll(t, path, doc)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readAll gives doc to every reader.
func readAll(t *testing.T, path string, doc []byte) {
	t.Helper()
	_, errPeek := Peek(doc)
	a, errActivity := DecodeActivity(doc)
	o, errObject := DecodeObject(doc)
	_, errActor := DecodeActor(doc)
	_, _, _, errCollection := DecodeCollection(doc)
	for _, err := range []error{errPeek, errActivity, errObject, errActor, errCollection} {
		if err != nil && !errors.Is(err, federation.ErrMalformed) && !errors.Is(err, federation.ErrUnsupported) && !errors.Is(err, federation.ErrGone) {
			t.Errorf("%s: an error of no kind: %v", path, err)
		}
	}
	if errActivity == nil && errPeek != nil {
		t.Errorf("%s: decoded, but not filed: %v", path, errPeek)
	}
	switch {
	case errActivity == nil:
		t.Logf("%s: %s", path, a.Type)
	case errActor == nil:
		t.Logf("%s: an actor", path)
	case errCollection == nil:
		t.Logf("%s: a collection", path)
	case errObject == nil:
		t.Logf("%s: %s", path, o.Type)
	default:
		t.Logf("%s: nothing: %v", path, errObject)
	}
}
