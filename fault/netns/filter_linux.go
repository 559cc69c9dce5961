package netns

import (
	"maps"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// rules are what a node's filter does to the packets of another one.
type rules struct {
	cut    bool
	hollow bool // connections are made, and no data comes through them
	refuse bool
	loss   float64
}

// filter sets what a node, to, does to the packets that reach it, by the name of
// who sent them; all that it did before is gone in the same moment.
func (l *Lab) filter(to string, from map[string]rules) error {
	n, err := l.node(to)
	if err != nil {
		return err
	}
	return n.space.do(func() error {
		c, err := nftables.New()
		if err != nil {
			return unavailable("reach nf_tables", err)
		}
		table := &nftables.Table{Name: "bleep", Family: nftables.TableFamilyIPv4}
		c.AddTable(table) // so that there is one to delete
		c.DelTable(table)
		if len(from) > 0 {
			c.AddTable(table)
			chain := c.AddChain(&nftables.Chain{
				Name: "in", Table: table, Type: nftables.ChainTypeFilter,
				Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
			})
			for _, name := range slices.Sorted(maps.Keys(from)) {
				source, err := l.node(name)
				if err != nil {
					return err
				}
				for _, r := range from[name].exprs() {
					c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(sentBy(source.addr.AsSlice()), r...)})
				}
			}
		}
		return unavailable("set the rules of nf_tables", c.Flush())
	})
}

// divert keeps from the bridge what relays carry: they have seen it when it comes
// to these rules.
func (l *Lab) divert() error {
	c, err := nftables.New()
	if err != nil {
		return unavailable("reach nf_tables", err)
	}
	table := &nftables.Table{Name: "bleep", Family: nftables.TableFamilyNetdev}
	c.AddTable(table)
	c.DelTable(table)
	if len(l.relays) > 0 {
		c.AddTable(table)
	}
	chains := map[string]*nftables.Chain{}
	for e := range l.relays {
		from, err := l.node(e.From)
		if err != nil {
			return err
		}
		to, err := l.node(e.To)
		if err != nil {
			return err
		}
		if chains[e.From] == nil {
			chains[e.From] = c.AddChain(&nftables.Chain{
				Name: from.port, Table: table, Type: nftables.ChainTypeFilter,
				Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: from.port,
			})
		}
		c.AddRule(&nftables.Rule{Table: table, Chain: chains[e.From], Exprs: append(sentToward(to.addr.AsSlice()), drop())})
	}
	return unavailable("set the rules of nf_tables before the bridge", c.Flush())
}

// exprs are the rules, the one that decides most first.
func (r rules) exprs() (all [][]expr.Any) {
	const psh, syn, ack = 0x08, 0x02, 0x10
	if r.cut {
		return [][]expr.Any{{drop()}}
	}
	if r.hollow {
		// What is pushed is data, and so is what is longer than a header can be.
		all = append(all, append(flags(psh, psh), drop()), append(longer(120), drop()))
	}
	if r.refuse {
		all = append(all, append(flags(syn|ack, syn), &expr.Reject{Type: unix.NFT_REJECT_TCP_RST}))
	}
	if r.loss > 0 {
		all = append(all, append(chance(r.loss), drop()))
	}
	return all
}

func drop() expr.Any { return &expr.Verdict{Kind: expr.VerdictDrop} }

// sentBy matches the source address of IPv4.
func sentBy(addr []byte) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: addr},
	}
}

// sentToward matches the destination address of IPv4, in whatever frame.
func sentToward(addr []byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(unix.ETH_P_IP)},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: addr},
	}
}

// flags matches TCP whose flags, of those in mask, are those.
func flags(mask, are byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 13, Len: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{mask}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{are}},
	}
}

// longer matches packets of more than so many bytes, headers of IP included.
func longer(bytes uint16) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpGt, Register: 1, Data: binaryutil.BigEndian.PutUint16(bytes)},
	}
}

// chance matches a share of the packets.
func chance(share float64) []expr.Any {
	const of = 1 << 20
	return []expr.Any{
		&expr.Numgen{Register: 1, Modulus: of, Type: unix.NFT_NG_RANDOM},
		// nf_tables compares as memory does: the number has to be in network order.
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(uint32(share * of))},
	}
}
