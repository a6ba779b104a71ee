package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	bigend "encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// totpCmd is an authenticator, written once more from RFC 6238.
func totpCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "totp FILE STEPS")
	found := regexp.MustCompile(`Secret: ([A-Z2-7]+)`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("%s has no secret", args[0])
	}
	secret, err := base32.StdEncoding.DecodeString(found[1])
	ts.Check(err)
	ahead, err := strconv.Atoi(args[1])
	ts.Check(err)
	var counter [8]byte
	bigend.BigEndian.PutUint64(counter[:], uint64(time.Now().Unix()/30+int64(ahead)))
	h := hmac.New(sha1.New, secret)
	h.Write(counter[:])
	sum := h.Sum(nil)
	o := sum[19] & 15
	n := (uint32(sum[o]&127)<<24 | uint32(sum[o+1])<<16 | uint32(sum[o+2])<<8 | uint32(sum[o+3])) % 1000000
	ts.Setenv("CODE", fmt.Sprintf("%06d", n))
}
