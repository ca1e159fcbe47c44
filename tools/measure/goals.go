package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const rounds = 3

// joined lists values as they were measured, round by round.
func joined(format string, values []float64) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf(format, v))
	}
	return strings.Join(all, ", ")
}

// starts: P10 and P9, on the database as it is.
func (b *bench) starts() error {
	var cold struct {
		First figures   `json:"start_to_first_answer"`
		Idle  []float64 `json:"idle_rss_mib"`
	}
	args := []string{"cold", "-url", "http://" + serverAddress + "/healthz", "-times", "5", "-idle", "3s", "--", b.self}
	if err := b.load(&cold, append(args, b.serving()...)...); err != nil {
		return err
	}
	c := exec.CommandContext(b.ctx, b.self, "starts", "-database", b.database, "-keys", b.o.keys)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("start: %w: %s", err, out)
	}
	row("P10", fmt.Sprintf("start to first good answer, %d users: median of 5", b.o.users), "50 ms at most",
		"%.0f ms; %.0f ms of CPU to open and close", cold.First.P50, cpu(c))
	row("P9", "idle memory, 3 s after a warm start", "25 MiB at most", "%s MiB", joined("%.0f", cold.Idle))
	return nil
}

// checks: P1, hello and GET /session in turns; the memory under checks is P9's.
func (b *bench) checks() error {
	b.hello = exec.CommandContext(b.ctx, filepath.Join(b.o.bin, "loadgen"), "hello", "-addr", helloAddress)
	if err := b.hello.Start(); err != nil {
		return err
	}
	if err := answers(b.ctx, "http://"+helloAddress+"/"); err != nil {
		return err
	}
	if err := b.up(); err != nil {
		return err
	}
	var shares, times, micros, memory []float64
	for range rounds {
		var h, c figures
		if err := b.load(&h, "http", "-url", "http://"+helloAddress+"/", "-c", "16", "-d", "3s", "-pid", strconv.Itoa(b.hello.Process.Pid)); err != nil {
			return err
		}
		if err := b.load(&c, b.phase("check", "-c", "16", "-delay", "4s", "-d", "3s")...); err != nil {
			return err
		}
		if c.Errors > 0 {
			return fmt.Errorf("%d checks failed: %s", c.Errors, c.examples())
		}
		shares, times, micros, memory = append(shares, c.Each/h.Each), append(times, c.CPU/h.CPU), append(micros, c.CPU), append(memory, c.RSS)
	}
	row("P1", "GET /session, 16 connections: requests a second, of hello's", "0.45 at least", "%s", joined("%.2f", shares))
	row("P1", "the same: CPU a request, of hello's", "3 at most", "%s (%s us)", joined("%.1f", times), joined("%.0f", micros))
	row("P9", "memory under checks, 4 s after 16 people signed in", "60 MiB at most", "%s MiB", joined("%.0f", memory))
	return b.stop(b.hello)
}

// signIns: P3, against the machine's own Argon2id in turns, and P13.
func (b *bench) signIns() error {
	before, err := b.size()
	if err != nil {
		return err
	}
	var shares, beyond []float64
	done := 0
	for range rounds {
		rate, err := b.limit("argon2id m=19MiB t=2 p=1, 2 cores")
		if err != nil {
			return err
		}
		hash, err := b.hashCPU()
		if err != nil {
			return err
		}
		var f flow
		if err := b.load(&f, b.phase("full", "-c", "8", "-d", "4s")...); err != nil {
			return err
		}
		if f.Flow.N == 0 {
			return fmt.Errorf("nobody was signed in: %s", f.Flow.examples())
		}
		done += f.Flow.N
		shares = append(shares, f.Flow.Each/rate)
		beyond = append(beyond, f.Flow.CPU/1000-hash)
	}
	after, err := b.size()
	if err != nil {
		return err
	}
	row("P3", "whole sign-ins a second, 8 at a time, of the Argon2id rate of both cores", "0.90 at least", "%s", joined("%.2f", shares))
	row("P3", "CPU of a sign-in beyond the hash", "1.5 ms at most", "%s ms", joined("%.1f", beyond))
	row("P13", "growth of the database a sign-in, in 2 POSTs", "1.5 KB at most in 3", "%.1f KB", float64(after-before)/1000/float64(done))
	return nil
}

// codes: P5, against the disk's own fdatasync in turns.
func (b *bench) codes() error {
	for _, load := range []struct {
		conns, n string
		aim      string
	}{{"32", "256", "2 at least, p99 5 ms at most"}, {"1", "128", "0.3 at least"}} {
		var shares, micros, slow []float64
		for range rounds {
			rate, err := b.limit("fdatasync")
			if err != nil {
				return err
			}
			var f flow
			if err := b.load(&f, b.phase("second", "-c", load.conns, "-n", load.n)...); err != nil {
				return err
			}
			if f.Flow.Errors > 0 {
				return fmt.Errorf("%d codes were refused: %s", f.Flow.Errors, f.Flow.examples())
			}
			shares, micros, slow = append(shares, f.Flow.Each/rate), append(micros, f.Flow.CPU/1000), append(slow, f.Flow.P99)
		}
		row("P5", "codes a second, "+load.conns+" at a time, of the disk's fdatasyncs", load.aim, "%s; %s ms of CPU, p99 %s ms",
			joined("%.2f", shares), joined("%.1f", micros), joined("%.0f", slow))
	}
	return nil
}

// flood: P6, checks while 64 people sign in, and P14.
func (b *bench) flood() error {
	var quiet, flooded figures
	if err := b.load(&quiet, b.phase("check", "-c", "4", "-rate", "50", "-d", "5s")...); err != nil {
		return err
	}
	beside, err := b.start(b.phase("check", "-c", "4", "-rate", "50", "-delay", "6s", "-d", "6s")...)
	if err != nil {
		return err
	}
	time.Sleep(4 * time.Second) // they are signed in by now, and measure inside of the flood
	var f flow
	if err := b.load(&f, b.phase("full", "-c", "64", "-d", "10s")...); err != nil {
		return err
	}
	if err := beside(&flooded); err != nil {
		return err
	}
	row("P6", "50 checks a second while 64 people sign in: answered, p50, p99", "all, p99 15 ms and 10 times quiet at most",
		"%.0f a second, %.1f ms, %.0f ms (quiet: %.1f ms, %.0f ms), %d errors",
		flooded.Each, flooded.P50, flooded.P99, quiet.P50, quiet.P99, flooded.Errors)
	refused := f.Flow.refused()
	row("P14", "errors among them, but for those that were refused", "0", "%d of %d; %d refused by 503", f.Flow.Errors-refused, f.Flow.N+f.Flow.Errors, refused)
	if f.Flow.Errors > refused {
		fmt.Fprintln(os.Stderr, f.Flow.examples())
	}
	return nil
}

// crowd: P8, a thousand passwords at once in a fresh process.
func (b *bench) crowd() error {
	if err := b.stop(b.server); err != nil {
		return err
	}
	if err := b.up(); err != nil {
		return err
	}
	var f flow
	if err := b.load(&f, b.phase("first", "-c", "1000", "-d", "6s")...); err != nil {
		return err
	}
	most := 25 + 19*3*min(runtime.NumCPU(), 13) + 64
	row("P8", "memory, 1,000 passwords at once", fmt.Sprintf("%d MiB at most", min(most, 256)), "%.0f MiB; %d done, %d refused by 503, %d other errors",
		f.Flow.RSS, f.Flow.N, f.Flow.refused(), f.Flow.Errors-f.Flow.refused())
	return nil
}
