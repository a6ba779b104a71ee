package main

import (
	"os"
	"testing"
)

func TestCommittedAssemblyIsPrintedByThis(t *testing.T) {
	for name, text := range files() {
		committed, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(committed) != text {
			t.Errorf("%s is not what this program prints: run go generate in crypto/curve", name)
		}
	}
}
