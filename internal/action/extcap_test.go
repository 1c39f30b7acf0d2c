package action

import (
	"path/filepath"
	"testing"
)

func TestParseFolders(t *testing.T) {
	for text, want := range map[string]string{
		// 4.0.17 of Debian
		"Temp:                \t/tmp\nPersonal configuration:\t/root/.config/wireshark\nExtcap path:         \t/usr/lib/x86_64-linux-gnu/wireshark/extcap\n": "/root/.config/wireshark/extcap",
		// 4.4
		"Personal configuration:\t/home/ann/.config/wireshark\nPersonal Extcap path:\t/home/ann/.local/lib/wireshark/extcap\nGlobal Extcap path:\t/usr/lib/wireshark/extcap\n": "/home/ann/.local/lib/wireshark/extcap",
		"": "", "no folders\n": "",
	} {
		if got := parseFolders(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDefaultExtcapDir(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"HOME": "/home/ann", "APPDATA": "/data"}[name]
	}
	none := func(string) string { return "" }
	if got := defaultExtcapDir("darwin", env); got != filepath.FromSlash("/home/ann/.local/lib/wireshark/extcap") {
		t.Error(got)
	}
	if got := defaultExtcapDir("windows", env); got != filepath.FromSlash("/data/Wireshark/extcap") {
		t.Error(got)
	}
	if defaultExtcapDir("linux", none) != "" || defaultExtcapDir("windows", none) != "" {
		t.Error("a folder out of nothing")
	}
}
