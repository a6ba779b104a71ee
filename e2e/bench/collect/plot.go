package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parley/e2e/bench/measured"
)

// curve is one line of the plot.
type curve struct {
	name, colour string
	dashed       bool
	at           func(*measured.Size) float64 // seconds, 0 if not measured
}

var curves = []curve{
	{"alignment, once", "#1f4e79", false, func(s *measured.Size) float64 { return s.Align.WallS }},
	{"10 groups, first time", "#b45f06", false, func(s *measured.Size) float64 { return wall(s, measured.First, 10) }},
	{"10 groups, asked again", "#2e7d32", false, func(s *measured.Size) float64 { return wall(s, measured.Again, 10) }},
	{"1,000 groups, asked again", "#7b1fa2", false, func(s *measured.Size) float64 { return wall(s, measured.Again, 1000) }},
	{"10 groups, plain DuckDB in clear", "#555555", true, func(s *measured.Size) float64 {
		for _, c := range s.Cleartext {
			if c.Groups == 10 {
				return c.WallS
			}
		}
		return 0
	}},
}

// The drawing, in pixels.
const (
	plotLeft, plotTop     = 70, 40
	plotWidth, plotHeight = 560, 360
	legendWidth           = 290
)

// draw plots seconds over units a side, both on logarithmic axes, as SVG.
func draw(sizes []measured.Size) string {
	sizes = slices.Clone(sizes)
	slices.SortFunc(sizes, func(a, b measured.Size) int { return a.Units - b.Units })
	if len(sizes) == 0 {
		return ""
	}
	p := plot{x0: math.Log10(float64(sizes[0].Units)), x1: math.Log10(float64(sizes[len(sizes)-1].Units)), y0: math.Inf(1), y1: math.Inf(-1)}
	for i := range sizes {
		for _, c := range curves {
			if v := c.at(&sizes[i]); v > 0 {
				p.y0, p.y1 = min(p.y0, math.Log10(v)), max(p.y1, math.Log10(v))
			}
		}
	}
	p.y0, p.y1 = math.Floor(p.y0), math.Ceil(p.y1)
	fmt.Fprintf(&p, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n",
		plotLeft+plotWidth+legendWidth, plotTop+plotHeight+60)
	p.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	p.axes(sizes)
	for i, c := range curves {
		p.line(c, sizes, i)
	}
	p.WriteString("</svg>\n")
	return p.String()
}

// plot is a drawing with its ranges, in powers of ten.
type plot struct {
	strings.Builder
	x0, x1, y0, y1 float64
}

func (p *plot) x(units float64) float64 {
	return plotLeft + plotWidth*(math.Log10(units)-p.x0)/max(p.x1-p.x0, 1e-9)
}

func (p *plot) y(seconds float64) float64 {
	return plotTop + plotHeight*(1-(math.Log10(seconds)-p.y0)/max(p.y1-p.y0, 1e-9))
}

func (p *plot) axes(sizes []measured.Size) {
	for d := p.y0; d <= p.y1; d++ {
		v := math.Pow(10, d)
		fmt.Fprintf(p, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			plotLeft, p.y(v), plotLeft+plotWidth, p.y(v), plotLeft-8, p.y(v)+4, inSeconds(v))
	}
	for _, s := range sizes {
		x := p.x(float64(s.Units))
		fmt.Fprintf(p, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, plotTop, x, plotTop+plotHeight, x, plotTop+plotHeight+20, people(s.Units))
	}
	fmt.Fprintf(p, `<text x="%d" y="%d" text-anchor="middle">distinct units a side, half of them shared</text>`+"\n", plotLeft+plotWidth/2, plotTop+plotHeight+46)
	fmt.Fprintf(p, `<text x="%d" y="24">wall time, both nodes on one machine</text>`+"\n", plotLeft)
}

func (p *plot) line(c curve, sizes []measured.Size, n int) {
	var points []string
	for i := range sizes {
		if v := c.at(&sizes[i]); v > 0 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(float64(sizes[i].Units)), p.y(v)))
		}
	}
	dash := ""
	if c.dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(p, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.Join(points, " "), c.colour, dash)
	for _, at := range points {
		x, y, _ := strings.Cut(at, ",")
		fmt.Fprintf(p, `<circle cx="%s" cy="%s" r="3" fill="%s"/>`+"\n", x, y, c.colour)
	}
	x, y := plotLeft+plotWidth+20, plotTop+20+24*n
	fmt.Fprintf(p, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"%s/><text x="%d" y="%d">%s</text>`+"\n",
		x, y, x+24, y, c.colour, dash, x+32, y+4, c.name)
}

func inSeconds(v float64) string {
	if v < 1 {
		return fmt.Sprintf("%.0f ms", v*1000)
	}
	return fmt.Sprintf("%.0f s", v)
}

func people(n int) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%d M", n/1_000_000)
	}
	return fmt.Sprintf("%d k", n/1000)
}
