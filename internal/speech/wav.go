package speech

import "encoding/binary"

// formatMuLaw is WAVE_FORMAT_MULAW of RFC 2361, Appendix A.
const formatMuLaw = 7

// WAV wraps samples in a file that browsers play: RIFF/WAVE, µ-law, 8 kHz, mono, with the
// fact chunk that every form but plain PCM has.
func WAV(samples []byte) []byte {
	n := uint32(len(samples))
	le := binary.LittleEndian
	format := le.AppendUint16(nil, formatMuLaw)
	format = le.AppendUint16(format, 1)    // channels
	format = le.AppendUint32(format, Rate) // samples a second
	format = le.AppendUint32(format, Rate) // bytes a second
	format = le.AppendUint16(format, 1)    // bytes a sample
	format = le.AppendUint16(format, 8)    // bits a sample
	format = le.AppendUint16(format, 0)    // nothing more about the format

	body := chunk([]byte("WAVE"), "fmt ", format)
	body = chunk(body, "fact", le.AppendUint32(nil, n))
	body = chunk(body, "data", samples)
	return chunk(nil, "RIFF", body)
}

// chunk appends one, filled up to an even length that its size does not count.
func chunk(to []byte, name string, body []byte) []byte {
	to = append(to, name...)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(body)))
	to = append(to, body...)
	if len(body)%2 == 1 {
		to = append(to, 0)
	}
	return to
}
