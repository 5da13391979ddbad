// Go's net/http: one http.Client, as many goroutines as connections, every answer read and its id checked.
//
//	go_peer --toast FILE --url … --sends … --warmup … --concurrency … --uris … [--ca FILE] [--rate … --latencies FILE]
//
// Only the standard library. For --rate see pacing.py.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var (
	toastFile   = flag.String("toast", "", "what all peers send")
	url         = flag.String("url", "", "scheme, host and port")
	sends       = flag.Int("sends", 0, "")
	warmup      = flag.Int("warmup", 0, "")
	concurrency = flag.Int("concurrency", 64, "")
	uris        = flag.Int("uris", 10000, "")
	ca          = flag.String("ca", "", "PEM file of the authority that signed the server's certificate")
	rate        = flag.Float64("rate", -1, "sends a second, at fixed times; 0 for all at once")
	latencies   = flag.String("latencies", os.DevNull, "file for the latencies of a run with a rate")
)

var errors, checked, wrong atomic.Int64

type toast struct {
	Prefix  string            `json:"target_prefix"`
	Text1   string            `json:"text1"`
	Text2   string            `json:"text2_prefix"`
	Headers map[string]string `json:"headers"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (t toast) body() []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?><wp:Notification xmlns:wp="WPNotification"><wp:Toast><wp:Text1>` +
		html.EscapeString(t.Text1) + `</wp:Text1><wp:Text2>` + html.EscapeString(t.Text2+"00000") +
		`</wp:Text2></wp:Toast></wp:Notification>`)
}

func makeClient() *http.Client {
	settings := &tls.Config{}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		must(err)
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(pem)
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: settings, MaxConnsPerHost: *concurrency, MaxIdleConns: *concurrency,
		MaxIdleConnsPerHost: *concurrency, DisableCompression: true,
	}}
}

// The id that the answer carried, and whether it was accepted.
func send(client *http.Client, uri string, body []byte, headers map[string]string) (string, bool) {
	request, err := http.NewRequest("POST", uri, bytes.NewReader(body))
	must(err)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		if errors.Load() == 0 {
			fmt.Fprintln(os.Stderr, "first error:", err)
		}
		return "", false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.Header.Get("X-Stub-Id"), err == nil && answer.StatusCode == 200
}

func check(wanted, echoed string, ok bool) {
	if !ok {
		errors.Add(1)
		return
	}
	checked.Add(1)
	if wanted != echoed {
		wrong.Add(1)
	}
}

// ---------------------------------------------------------------- at fixed times

func monotonicNs() int64 {
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

// Holds sends back until their times, by a timerfd: Go's own timers know milliseconds only, when nothing else goes on.
type pacer struct {
	start    time.Time
	startNs  int64
	interval int64
	timer    *os.File
	fd       int
	taken    []uint64
}

func makePacer() *pacer {
	p := &pacer{taken: make([]uint64, *sends)}
	if *rate > 0 {
		p.interval = int64(1e9 / *rate)
	}
	fd, _, failed := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, 1, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if failed != 0 {
		must(failed)
	}
	p.fd, p.timer = int(fd), os.NewFile(fd, "timerfd")
	p.startNs, p.start = monotonicNs()+1e6, time.Now().Add(time.Millisecond)
	return p
}

func (p *pacer) untilNs(place int) int64 { return int64(place)*p.interval - int64(time.Since(p.start)) }

func (p *pacer) wait(place int) {
	if p.untilNs(place) <= 0 {
		return
	}
	at := p.startNs + int64(place)*p.interval
	when := [4]int64{0, 0, at / 1e9, at % 1e9}
	_, _, failed := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(p.fd), 1, uintptr(unsafe.Pointer(&when)), 0, 0, 0)
	if failed != 0 {
		must(failed)
	}
	var ignored [8]byte
	_, err := p.timer.Read(ignored[:])
	must(err)
}

func (p *pacer) note(place int) {
	if took := -p.untilNs(place); took > 0 {
		p.taken[place] = uint64(took)
	}
}

// ---------------------------------------------------------------- the job

// Sends those numbered from first to before end; one after the other is given to the goroutines, each at its time.
func run(client *http.Client, what toast, first, end int, p *pacer) {
	body, prefix := what.body(), *url+what.Prefix
	var next atomic.Int64
	next.Store(int64(first))
	var turns sync.Mutex
	var all sync.WaitGroup
	for lane := 0; lane < *concurrency; lane++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				if p != nil {
					turns.Lock()
				}
				number := int(next.Add(1) - 1)
				if p != nil {
					if number < end {
						p.wait(number - first)
					}
					turns.Unlock()
				}
				if number >= end {
					return
				}
				id := fmt.Sprintf("%07d", number%*uris)
				echoed, ok := send(client, prefix+id, body, what.Headers)
				if p != nil {
					p.note(number - first)
				}
				check(id, echoed, ok)
			}
		}()
	}
	all.Wait()
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func peakKib() (peak int) {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "VmHWM: %d", &peak)
	}
	return
}

func main() {
	flag.Parse()
	var what toast
	text, err := os.ReadFile(*toastFile)
	must(err)
	must(json.Unmarshal(text, &what))
	client := makeClient()
	run(client, what, 0, *warmup, nil)
	var p *pacer
	if *rate >= 0 {
		p = makePacer()
	}
	cpu, started := cpuSeconds(), time.Now()
	run(client, what, *warmup, *warmup+*sends, p)
	wall, used := time.Since(started).Seconds(), cpuSeconds()-cpu
	if p != nil {
		var file bytes.Buffer
		must(binary.Write(&file, binary.LittleEndian, p.taken))
		must(os.WriteFile(*latencies, file.Bytes(), 0o600))
	}
	record := map[string]any{
		"sends": *sends, "warmup": *warmup, "errors": errors.Load(), "wall_seconds": wall, "cpu_seconds": used,
		"peak_kib": peakKib(), "ids_checked": checked.Load(), "ids_wrong": wrong.Load(),
		"versions": map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")},
	}
	must(json.NewEncoder(os.Stdout).Encode(record))
}
