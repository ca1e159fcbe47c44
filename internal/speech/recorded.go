package speech

import _ "embed" // the recordings

// The phrases, as record.sh makes them.
var (
	//go:embed recorded/press-1.ulaw
	pressOne string
	//go:embed recorded/your-code-is.ulaw
	yourCodeIs string
	//go:embed recorded/again.ulaw
	again string
	//go:embed recorded/goodbye.ulaw
	goodbye string
)

// The digits.
var (
	//go:embed recorded/0.ulaw
	zero string
	//go:embed recorded/1.ulaw
	one string
	//go:embed recorded/2.ulaw
	two string
	//go:embed recorded/3.ulaw
	three string
	//go:embed recorded/4.ulaw
	four string
	//go:embed recorded/5.ulaw
	five string
	//go:embed recorded/6.ulaw
	six string
	//go:embed recorded/7.ulaw
	seven string
	//go:embed recorded/8.ulaw
	eight string
	//go:embed recorded/9.ulaw
	nine string
)

// Each digit's sound and name stand at its value.
var (
	digitSounds = [10]string{zero, one, two, three, four, five, six, seven, eight, nine}
)
