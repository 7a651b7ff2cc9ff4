/**
 * Where the services of a map stand: in layers, callers before the called. The layout follows from names alone, so
 * new figures never move anything; a new service or a new caller does.
 */
import { Graph, layout } from "./vendor/dagre/dagre.esm.js";

/** How large a service is drawn. */
export const NODE = { width: 204, height: 76 };
const LABEL = { width: 124, height: 40 };
const MARGIN = 12;

/** How long the heads of arrows are. */
export const HEAD = 10;

const byName = (one, other) => (one < other ? -1 : 1);

/** What an edge is called: names may hold anything, so they are quoted. */
export const edgeKey = (edge) => JSON.stringify([edge.from, edge.to]);

/** What a layout depends on, as a text to compare. */
export function shape(map) {
  return JSON.stringify([map.nodes.map((node) => node.name).sort(byName), map.edges.map(edgeKey).sort(byName)]);
}

/** Places of nodes and labels, and the paths of edges. `upright` lays the layers below each other. */
export function arrange(key, upright) {
  const [names, edges] = JSON.parse(key);
  // Its graph keeps names as keys of plain objects, where a stranger's could mean something else; numbers do not.
  const number = new Map(names.map((name, place) => [name, String(place)]));
  const graph = new Graph({ multigraph: true });
  const spread = upright ? { rankdir: "TB", nodesep: 18, ranksep: 26 } : { rankdir: "LR", nodesep: 26, ranksep: 34 };
  graph.setGraph({ ...spread, marginx: MARGIN, marginy: MARGIN });
  const calls = edges.map((edge) => JSON.parse(edge));
  const drawable = calls.filter(([from, to]) => from !== to && number.has(from) && number.has(to));
  for (const name of new Set(drawable.flat())) graph.setNode(number.get(name), { ...NODE });
  for (const [from, to] of drawable) {
    graph.setEdge(number.get(from), number.get(to), { ...LABEL, labelpos: "c" }, edgeKey({ from, to }));
  }
  layout(graph);
  const nodes = new Map(graph.nodes().map((place) => [names[place], graph.node(place)]));
  const ways = graph.edges().map((edge) => ({ ...graph.edge(edge), from: names[edge.v], to: names[edge.w] }));
  dock(ways, nodes, upright);
  const paths = new Map(ways.map((way) => [edgeKey(way), { d: curve(way.points, upright), x: way.x, y: way.y }]));
  const drawn = nodes.size ? graph.graph() : { width: 0, height: 0 };
  return { nodes, paths, ...line(names.filter((name) => !nodes.has(name)), nodes, drawn) };
}

/** Put those whom nobody calls, and who call nobody, in rows below all others; the size of the whole comes back. */
function line(alone, nodes, { width, height }) {
  const [stepX, stepY] = [NODE.width + 26, NODE.height + 18];
  const columns = Math.max(1, Math.floor((width - 2 * MARGIN + 26) / stepX), width ? 0 : Math.min(alone.length, 5));
  const top = Math.max(height, MARGIN);
  alone.forEach((name, place) => {
    const [column, row] = [place % columns, Math.floor(place / columns)];
    nodes.set(name, { x: MARGIN + NODE.width / 2 + column * stepX, y: top + NODE.height / 2 + row * stepY });
  });
  const rows = Math.ceil(alone.length / columns);
  const wide = 2 * MARGIN + Math.min(columns, alone.length) * stepX - 26;
  return { width: Math.max(width, wide), height: top + rows * stepY + (rows ? 0 : 1) };
}

/**
 * Let edges leave at the side that faces the next layer and arrive at the other, side by side in the order in which
 * they go on.
 */
function dock(ways, nodes, upright) {
  const [along, across, length, breadth] = upright ? ["y", "x", "height", "width"] : ["x", "y", "width", "height"];
  for (const [name, end] of [["from", 0], ["to", 1]]) {
    for (const [service, node] of nodes) {
      const here = ways.filter((way) => way[name] === service);
      const next = (way) => way.points.at(end ? -2 : 1)[across];
      here.sort((one, other) => next(one) - next(other));
      const gap = Math.min(16, (node[breadth] - 24) / Math.max(1, here.length - 1));
      here.forEach((way, place) => {
        // An edge that goes back, in a circle of calls, leaves and arrives at the sides that face each other.
        const forward = nodes.get(way.from)[along] < nodes.get(way.to)[along];
        const side = (end ? -1 : 1) * (forward ? 1 : -1);
        way.points.splice(end ? -1 : 0, 1, {
          [along]: node[along] + side * (node[length] / 2 + (end ? HEAD : 0)),
          [across]: node[across] + (place - (here.length - 1) / 2) * gap,
        });
      });
    }
  }
}

const spot = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A smooth line through the points, which runs along the layers' direction at each of them. */
function curve(points, upright) {
  return points.slice(1).reduce((path, to, place) => {
    const from = points[place];
    const middle = upright ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    const bend = upright
      ? [{ x: from.x, y: middle }, { x: to.x, y: middle }]
      : [{ x: middle, y: from.y }, { x: middle, y: to.y }];
    return `${path}C${bend.map(spot).join(" ")} ${spot(to)}`;
  }, `M${spot(points[0])}`);
}
