package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"parley/cleanroom"
)

// stageWidth is that of the longest stage, "compare with earlier questions".
const stageWidth = 30

// progress shows the stages of a run on standard error: moving bars on a
// terminal, one line per finished stage elsewhere.
type progress struct {
	bars *mpb.Progress
	bar  map[int]*mpb.Bar
	done map[int]bool
	out  io.Writer
}

func newProgress(on bool) *progress {
	p := &progress{bar: map[int]*mpb.Bar{}, done: map[int]bool{}, out: io.Discard}
	if !on {
		return p
	}
	p.out = os.Stderr
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))
	}
	return p
}

func (p *progress) show(v *cleanroom.View) {
	for i, s := range v.Stages {
		if p.bars == nil {
			p.line(i, s)
			continue
		}
		if p.bar[i] == nil {
			p.bar[i] = p.bars.AddBar(max(s.Total, 1), mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-*s", stageWidth, s.Name))),
				mpb.AppendDecorators(decor.Percentage(), decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace)))
		}
		b := p.bar[i]
		b.SetTotal(max(s.Total, 1), s.Finished)
		b.SetCurrent(s.Done)
		if s.Finished {
			b.SetCurrent(max(s.Total, 1))
		}
	}
}

func (p *progress) line(i int, s cleanroom.Stage) {
	if !s.Finished || p.done[i] {
		return
	}
	p.done[i] = true
	traffic := ""
	if s.Sent+s.Received > 0 {
		traffic = fmt.Sprintf(", sent %s, received %s", bytesText(s.Sent), bytesText(s.Received))
	}
	if s.Note != "" {
		traffic += ", " + s.Note
	}
	fmt.Fprintf(p.out, "  %-*s %s%s\n", stageWidth, s.Name, seconds(s.Wall), traffic)
}

func (p *progress) close() {
	if p.bars == nil {
		return
	}
	for _, b := range p.bar {
		if !b.Completed() {
			b.Abort(false)
		}
	}
	p.bars.Wait()
}
