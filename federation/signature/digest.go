// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"

	"github.com/yaronf/httpsign"
)

// checkDigest compares the body with the Digest header. RFC 3230. Only SHA-256
// counts; names of algorithms are compared without case.
func checkDigest(h http.Header, body []byte) error {
	text, err := single(h, "Digest")
	if err != nil {
		return err
	}
	var found bool
	sum := sha256.Sum256(body)
	for item := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok {
			return malformed("digest %q", text)
		}
		if !strings.EqualFold(name, "SHA-256") {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return malformed("digest %q", text)
		}
		if !bytes.Equal(got, sum[:]) {
			return refuse("digest does not match the body")
		}
		found = true
	}
	if !found {
		return refuse("digest %q is not by SHA-256", text)
	}
	return nil
}

// checkContentDigest compares the body with the Content-Digest header.
// RFC 9530 2.
func checkContentDigest(h http.Header, body []byte) error {
	if _, err := single(h, "Content-Digest"); err != nil {
		return err
	}
	rc := io.NopCloser(bytes.NewReader(body))
	accepted := []string{httpsign.DigestSha256, httpsign.DigestSha512}
	if err := httpsign.ValidateContentDigestHeader(h.Values("Content-Digest"), &rc, accepted); err != nil {
		return refuse("content digest: %v", err)
	}
	return nil
}

// digest returns the SHA-256 of body in base64.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}
