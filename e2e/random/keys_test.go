package random

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"parley/agreements"
)

// messyKey is one of the ways in which somebody writes person p's key.
func messyKey(r *rand.Rand, t *table, p int) string {
	switch t.norm {
	case agreements.NormEmail:
		return messyEmail(r, p)
	case agreements.NormPhone:
		return messyPhone(r, t.region, p)
	case agreements.NormSHA256:
		sum := sha256.Sum256(fmt.Appendf(nil, "person %d", p))
		s := hex.EncodeToString(sum[:])
		if chance(r, 0.3) {
			s = strings.ToUpper(s[:40]) + s[40:]
		}
		return s
	}
	if p%7 == 0 && t.format != "parquet" {
		return fmt.Sprintf(" ключ-%d ", p) // blanks are part of an exact key
	}
	return fmt.Sprint(p)
}

func messyEmail(r *rand.Rand, p int) string {
	s := fmt.Sprintf("jo.öz+%d@mail%d.example", p, p%3)
	if chance(r, 0.3) {
		name, rest, _ := strings.Cut(s, "+")
		s = strings.ToUpper(name) + "+" + rest
	}
	if chance(r, 0.2) {
		s = pick(r, " ", "  ", "\u00a0", "\u3000") + s
	}
	if chance(r, 0.2) {
		s += pick(r, " ", "\u00a0 ")
	}
	return s
}

// messyPhone: even people have a German number, odd ones an American one.
func messyPhone(r *rand.Rand, region string, p int) string {
	abroad := map[string]string{"DE": "00", "US": "011"}[region]
	if p%2 == 0 {
		n := fmt.Sprintf("%07d", 1_000_000+p)
		forms := []string{"+49151" + n, "+49 151 " + n, "+49 (151) " + n[:3] + "-" + n[3:], abroad + "49151" + n}
		if region == "DE" {
			forms = append(forms, "0151"+n, "0151/"+n, " 0151 "+n+" ")
		}
		return pick(r, forms...)
	}
	n := fmt.Sprintf("212%07d", 5_000_000+p)
	forms := []string{"+1" + n, "+1 (" + n[:3] + ") " + n[3:6] + "-" + n[6:], abroad + "1" + n}
	if region == "US" {
		forms = append(forms, n, "("+n[:3]+") "+n[3:6]+"-"+n[6:], "1-"+n[:3]+"-"+n[3:6]+"-"+n[6:])
		if abroad == "011" {
			forms[2] = "011 1 " + n
		}
	}
	return pick(r, forms...)
}

// badKey is NULL or malformed.
func badKey(r *rand.Rand, t *table) *string {
	bad := []string{"", strings.Repeat("x", 1100)}
	switch t.norm {
	case agreements.NormEmail:
		bad = []string{"", " ", "nobody", "a@b@c.example", "@mail.example", "jo@", "two words@mail.example", "jo@mail\t.example"}
	case agreements.NormPhone:
		bad = []string{"", "n/a", "12", "+", "call me"}
	case agreements.NormSHA256:
		bad = []string{"", "abc", strings.Repeat("g", 64), strings.Repeat("a", 63), " " + strings.Repeat("a", 63), strings.Repeat("a", 65)}
	}
	if chance(r, 0.3) {
		return nil
	}
	return ptr(pick(r, bad...))
}

// unitOf is the judge's reading of the four normalisations. It is written for
// the keys made above, from the rules in the documentation.
func unitOf(norm agreements.Normalisation, region, raw string) (string, bool) {
	switch norm {
	case agreements.NormEmail:
		s := strings.ToLower(strings.Trim(raw, " \u00a0\u3000"))
		name, domain, at := strings.Cut(s, "@")
		return s, at && name != "" && domain != "" && !strings.ContainsAny(domain, "@") && !strings.ContainsAny(s, " \t")
	case agreements.NormPhone:
		return phoneOf(region, raw)
	case agreements.NormSHA256:
		b, err := hex.DecodeString(raw)
		return string(b), err == nil && len(b) == 32
	}
	return raw, len(raw) >= 1 && len(raw) <= 1024
}

func phoneOf(region, raw string) (string, bool) {
	var digits strings.Builder
	for _, c := range raw {
		if c >= '0' && c <= '9' {
			digits.WriteRune(c)
		}
	}
	s := digits.String()
	if len(s) < 6 {
		return "", false
	}
	switch {
	case strings.HasPrefix(strings.TrimSpace(raw), "+"):
		return "+" + s, true
	case region == "DE" && strings.HasPrefix(s, "00"):
		return "+" + s[2:], true
	case region == "DE":
		return "+49" + strings.TrimPrefix(s, "0"), true
	case strings.HasPrefix(s, "011"):
		return "+" + s[3:], true
	case len(s) == 11 && s[0] == '1':
		return "+" + s, true
	}
	return "+1" + s, true
}
