package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// passphrase comes from a file, the environment or a prompt, in this order.
// It is never an argument: arguments show in the process list.
func passphrase(file string, confirm bool) ([]byte, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the passphrase: %w", err)
		}
		return bytes.TrimRight(b, "\r\n"), nil
	}
	if p, ok := os.LookupEnv("PARLEY_PASSPHRASE"); ok {
		return []byte(p), nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return nil, errors.New("the key file needs its passphrase: set PARLEY_PASSPHRASE, give --passphrase-file, or run in a terminal")
	}
	first, err := ask("Passphrase of the key file: ")
	if err != nil || !confirm {
		return first, err
	}
	second, err := ask("The same again: ")
	if err == nil && !bytes.Equal(first, second) {
		err = errors.New("the two passphrases differ; nothing was changed")
	}
	return first, err
}

func ask(prompt string) ([]byte, error) {
	fmt.Fprint(os.Stderr, prompt)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return b, err
}

// password comes from a file or a prompt. Like a passphrase it is never an
// argument.
func password(file, prompt string, confirm bool) (string, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(bytes.TrimRight(b, "\r\n")), nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", withCode(exitUsage, errors.New("there is no terminal to ask for the password at: give it in a file (see --help)"))
	}
	first, err := ask(prompt)
	if err != nil || !confirm {
		return string(first), err
	}
	second, err := ask("The same again: ")
	if err == nil && !bytes.Equal(first, second) {
		err = errors.New("the two passwords differ; nothing was changed")
	}
	return string(first), err
}

// line asks for a line that may be seen; without a terminal it is empty.
func line(prompt string) (string, error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", nil
	}
	fmt.Fprint(os.Stderr, prompt)
	s, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(s), err
}
