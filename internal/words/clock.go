package words

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// How times are written: on a 24-hour clock, in the reader's time zone. A nil zone is
// UTC, and UTC is named beside the time, since the reader's own clock says otherwise.

// Clock writes the time to the second: "14:02:30".
func (p Printer) Clock(t time.Time, zone *time.Location) string {
	return p.clock(t, zone, "15:04:05")
}

// Minute writes the time to the minute: "14:02".
func (p Printer) Minute(t time.Time, zone *time.Location) string {
	return p.clock(t, zone, "15:04")
}

func (p Printer) clock(t time.Time, zone *time.Location, layout string) string {
	if IsUTC(zone) {
		return p.T("time.utc", "time", t.UTC().Format(layout))
	}
	return t.In(zone).Format(layout)
}

// IsUTC reports whether zone is UTC: also by a name of its own, as the time zone of a user may be stored.
func IsUTC(zone *time.Location) bool {
	return zone == nil || slices.Contains([]string{"UTC", "Etc/UTC", ""}, zone.String())
}

// When writes the first full minute at which t has come: "14:02", and with its day where
// that is not the day of now.
func (p Printer) When(t, now time.Time, zone *time.Location) string {
	t = t.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
	if p.Day(t, zone) == p.Day(now, zone) {
		return p.Minute(t, zone)
	}
	return p.On(t, zone)
}

// On writes a time with its day in full: "14:02 on 24 November 2026".
func (p Printer) On(t time.Time, zone *time.Location) string {
	return p.T("date.on", "time", p.Minute(t, zone), "date", p.date(t, zone, "date.months"))
}

// Day writes the day: "24 Nov 2026".
func (p Printer) Day(t time.Time, zone *time.Location) string {
	return p.date(t, zone, "date.months-short")
}

// Recent writes "today, 14:02" for a time of the same day as now, else the day.
func (p Printer) Recent(t, now time.Time, zone *time.Location) string {
	day := p.Day(t, zone)
	if day == p.Day(now, zone) {
		return p.T("date.today", "time", p.Minute(t, zone))
	}
	return day
}

func (p Printer) date(t time.Time, zone *time.Location, months string) string {
	if zone == nil {
		zone = time.UTC
	}
	year, month, day := t.In(zone).Date()
	name := fmt.Sprint(int(month))
	if names := strings.Fields(p.T(months)); len(names) == 12 {
		name = names[month-1]
	}
	return p.T("date.day", "day", day, "month", name, "year", year)
}

// monthFaults reports lists of months that are not twelve long.
func (p Printer) monthFaults() []error {
	var faults []error
	for _, key := range []string{"date.months", "date.months-short"} {
		if n := len(strings.Fields(p.T(key))); n != 12 {
			faults = append(faults, fmt.Errorf("%s: %s has %d months", p.Lang(), key, n))
		}
	}
	return faults
}

// Countdown writes what is left of a wait as minutes and seconds: "0:48", "15:00".
// What is over is "0:00".
func Countdown(left time.Duration) string {
	s := Seconds(left)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Seconds rounds what is left of a wait up to whole seconds, never below 0: a wait is
// not over before it is.
func Seconds(left time.Duration) int {
	return max(0, int((left+time.Second-1)/time.Second))
}

// Zone names a time zone by its city and what it differs from UTC by at now:
// "Los Angeles, UTC−08:00".
func (p Printer) Zone(zone *time.Location, now time.Time) string {
	if IsUTC(zone) {
		return "UTC"
	}
	name := zone.String()
	city := strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
	offset := strings.Replace(now.In(zone).Format("-07:00"), "-", "−", 1)
	return p.T("date.zone", "city", city, "offset", offset)
}
