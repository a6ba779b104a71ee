package cleanroom

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Figures are what a run cost this node. CPU time and memory are the whole
// process's (and its engine children's) over the run, so they are exact only
// when one run goes on at a time.
type Figures struct {
	Wall     time.Duration `json:"wallNanoseconds"`
	CPU      time.Duration `json:"cpuNanoseconds"`
	PeakMiB  int64         `json:"peakMiB"`      // of the node's process, since it started
	ChildMiB int64         `json:"childPeakMiB"` // of its largest engine child
	Sent     int64         `json:"sentBytes"`
	Received int64         `json:"receivedBytes"`
}

type meter struct {
	began time.Time
	cpu   time.Duration
}

func startMeter() *meter {
	cpu, _ := usage()
	return &meter{began: time.Now(), cpu: cpu}
}

func (m *meter) stop(stages []Stage) *Figures {
	cpu, child := usage()
	f := &Figures{Wall: time.Since(m.began), CPU: cpu - m.cpu, PeakMiB: peakMiB(), ChildMiB: child}
	for _, s := range stages {
		f.Sent, f.Received = f.Sent+s.Sent, f.Received+s.Received
	}
	return f
}

// usage returns the CPU time of this process and its ended children, and the
// largest child's peak memory.
func usage() (cpu time.Duration, childMiB int64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) != nil {
			continue
		}
		cpu += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		if who == syscall.RUSAGE_CHILDREN {
			childMiB = u.Maxrss >> 10
		}
	}
	return cpu, childMiB
}

// peakMiB is VmHWM of this process: RUSAGE_SELF would carry over the peak of
// whatever process executed this one.
func peakMiB() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); n == 1 {
			return kb >> 10
		}
	}
	return 0
}

// traffic counts bytes of messages: a transcript, or a pipe.
type traffic interface{ Bytes() (sent, received int64) }

// begin opens a stage; the returned functions report progress and end it.
// bytes, if not nil, is where the stage's share of the traffic is read from.
func (r *Run) begin(name string, bytes traffic) (report func(done, total int64), end func()) {
	var sent, received int64
	if bytes != nil {
		sent, received = bytes.Bytes()
	}
	at := 0
	r.set(func(v *View) {
		at = len(v.Stages)
		v.Stages = append(v.Stages, Stage{Name: name, began: time.Now()})
	})
	report = func(done, total int64) {
		r.set(func(v *View) { v.Stages[at].Done, v.Stages[at].Total = done, total })
	}
	end = func() {
		r.set(func(v *View) {
			s := &v.Stages[at]
			s.Wall, s.Finished = time.Since(s.began), true
			if s.Total > 0 {
				s.Done = s.Total
			}
			if bytes != nil {
				nowSent, nowReceived := bytes.Bytes()
				s.Sent, s.Received = nowSent-sent, nowReceived-received
			}
			r.log.Info("stage done", "run", r.ID, "stage", s.Name, "seconds", s.Wall.Seconds(),
				"sent", s.Sent, "received", s.Received)
		})
	}
	return report, end
}

// note says something about the stage that goes on.
func (r *Run) note(text string) {
	r.set(func(v *View) { v.Stages[len(v.Stages)-1].Note = text })
}
