//! The layout as SVG.

use std::fmt::Write as _;

use idem_core::machine::Graph;

use super::layout::{Arrow, BOX_HEIGHT, Picture, Place};

/// The classes that the style sheet of a page has to know as well.
const STYLE: &str = "text{font:14px ui-sans-serif,system-ui,'DejaVu Sans',sans-serif;text-anchor:middle;fill:#1f2937}\
    .state{fill:#f3f6fb;stroke:#4b6a9b;stroke-width:1.5}.inner{fill:none;stroke:#4b6a9b}.start,.head{fill:#64748b}\
    .arrow{fill:none;stroke:#64748b;stroke-width:1.4;marker-end:url(#head)}\
    .label{font-size:12px;fill:#475569;paint-order:stroke;stroke:#fff;stroke-width:6px;stroke-linejoin:round}";
const HEAD: &str = "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
    orient=\"auto\"><path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>\n";

pub(super) fn document(graph: &Graph, picture: &Picture) -> String {
    let style = format!("<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    draw(graph, picture, &style, &[])
}

pub(super) fn part(graph: &Graph, picture: &Picture, counts: &[String]) -> String {
    draw(graph, picture, "", counts)
}

fn draw(graph: &Graph, picture: &Picture, style: &str, counts: &[String]) -> String {
    let Picture { width, height, states, arrows } = picture;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{} as a state machine</title>\n{style}{HEAD}",
        escaped(graph.name)
    );
    let mut labels = String::new();
    for arrow in arrows {
        let (path, at) = curve(arrow, states);
        line(&mut svg, format_args!("<path class=\"arrow\" d=\"{path}\"/>"));
        let label = escaped(&arrow.label);
        line(&mut labels, format_args!("<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>", at.0, at.1));
    }
    let start = states[graph.initial];
    let left = start.x - start.width / 2.0;
    line(&mut svg, format_args!("<circle class=\"start\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\"/>", left - 40.0, start.y));
    line(&mut svg, format_args!("<path class=\"arrow\" d=\"M{:.1} {:.1}H{left:.1}\"/>", left - 34.0, start.y));
    for (at, (state, place)) in graph.states.iter().zip(states).enumerate() {
        rectangle(&mut svg, "state", place, 0.0);
        if state.terminal {
            rectangle(&mut svg, "inner", place, 4.0);
        }
        let (x, name) = (place.x, escaped(state.ident));
        // A count stands below the name.
        let y = if let Some(count) = counts.get(at) {
            let y = place.y + 13.0;
            line(&mut svg, format_args!("<text class=\"count\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(count)));
            place.y - 3.0
        } else {
            place.y + 5.0
        };
        line(&mut svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>"));
    }
    // Above everything, so that no arrow crosses a word.
    svg + &labels + "</svg>\n"
}

/// The arrow's path, and where its label stands.
fn curve(arrow: &Arrow, states: &[Place]) -> (String, (f64, f64)) {
    let (from, to) = (states[arrow.from], states[arrow.to]);
    if arrow.from == arrow.to {
        let (x, top) = (from.x, from.y - BOX_HEIGHT / 2.0);
        let (left, right, high) = (x - 16.0, x + 16.0, top - 34.0);
        let path =
            format!("M{left:.1} {top:.1}C{:.1} {high:.1} {:.1} {high:.1} {right:.1} {top:.1}", x - 30.0, x + 30.0);
        return (path, (x, top - 30.0));
    }
    let side = if from.x <= to.x { 1.0 } else { -1.0 };
    let mut points = vec![(from.x + side * from.width / 2.0, from.y)];
    points.extend(&arrow.via);
    points.push((to.x - side * to.width / 2.0, to.y));
    let mut path = String::new();
    for (at, pair) in points.windows(2).enumerate() {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        if at == 0 {
            push(&mut path, format_args!("M{x:.1} {y:.1}"));
        }
        let bend = (to_x - x) / 2.0;
        push(&mut path, format_args!("C{:.1} {y:.1} {:.1} {to_y:.1} {to_x:.1} {to_y:.1}", x + bend, to_x - bend));
    }
    // On its way through a layer an arrow is level, else its middle is: the label has room there.
    let middle = arrow.via.first().copied().unwrap_or_else(|| {
        let (first, last) = (points[0], points[points.len() - 1]);
        (f64::midpoint(first.0, last.0), f64::midpoint(first.1, last.1))
    });
    (path, (middle.0, middle.1 - 6.0))
}

fn rectangle(svg: &mut String, class: &str, place: &Place, inset: f64) {
    let (width, height) = (place.width - 2.0 * inset, BOX_HEIGHT - 2.0 * inset);
    let (x, y, round) = (place.x - width / 2.0, place.y - height / 2.0, 12.0 - inset);
    line(
        svg,
        format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"/>"
        ),
    );
}

fn line(svg: &mut String, text: std::fmt::Arguments<'_>) {
    push(svg, text);
    svg.push('\n');
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = svg.write_fmt(text);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
