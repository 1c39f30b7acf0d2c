// Package cilium reads what `cilium monitor` prints (cilium-dbg monitor in an
// agent's pod): as JSON (-j), as text (-v), and with each packet's layers (-v
// -v, --hex). Text comes in by an io.Reader; sightings of packets at the points
// of Cilium's datapath go out, with drops, the decisions of policies, and facts:
// lost events, aggregation, captures and debug messages.
//
// The monitor has no clock: sightings have no time, and the order of the lines is
// the order of the events. Lines with -j and with -v -v show the headers of a
// packet, so that its sightings can be told from those of others; those of -v
// show no number of a packet (packet.Key.Bare).
//
// L7 records, events of the agent and lines of logs are passed over. The package
// knows no file name and no cluster: names of endpoints and devices come by
// Options.
package cilium
