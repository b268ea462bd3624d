from dataclasses import dataclass, field
from typing import Any
from hubexplore.summary.graph.op_definitions import definition
from hubexplore.summary.graph.op_outputs import output_of
from hubexplore.summary.graph.traversal import reached_functions
@dataclass(frozen=True)
class Inlined:
    nodes: list
    tensors: dict
    controls: dict
    scopes: dict
    functions: list
CALLS={'PartitionedCall','StatefulPartitionedCall'}
def inline(gd):
    fs={f.signature.name:f for f in gd.library.function}
    out=[]; tensors={}; controls={}
    used={n.name for n in gd.node}
    def unique(n):
        c=n; i=0
        while c in used: i+=1; c=f'{n}_{i}'
        used.add(c); return c
    def expand(node, prefix, ins, ctl, res):
        # ins: resolved data inputs; returns list of output tensors, controls
        f=fs[node.attr['f'].func.name]
        env={}
        for a,t in zip(f.signature.input_arg,ins): env[a.name]=t
        done={}
        base=node.name.split('/')[-1]
        import re
        p=prefix
        if not re.fullmatch(r'(Stateful)?PartitionedCall(_\d+)?',base): p=prefix+base+'/'
        body={n.name:n for n in f.node_def}
        names={n.name:None for n in f.node_def}
        order=[];seen=set()
        def visit(nm):
            st=[(nm,0)]
            while st:
                n,k=st.pop()
                if k: order.append(n); continue
                if n in seen: continue
                seen.add(n); st.append((n,1))
                for e in body[n].input:
                    q=e.lstrip('^').split(':')[0]
                    if q in body and q not in seen: st.append((q,0))
        for n in body: visit(n)
        def tensor(e):
            q,_,port=e.partition(':')
            if q in env: return env[q]
            kind,names_=done[q]
            if kind=='call':
                fn=fs[body[q].attr['f'].func.name]
                return names_[0][int(port.split(':')[1])]
            d=definition(body[q].op)
            idx,_=output_of(d,body[q].attr,port)
            return f'{names_}:{idx}'
        def control(e):
            q=e[1:]
            if q in env: return [env[q].split(':')[0]]
            kind,nn=done[q]
            return nn[1] if kind=='call' else [nn]
        for nm in order:
            n=body[nm]
            di=[tensor(e) for e in n.input if e[0]!='^']
            ci=[c for e in n.input if e[0]=='^' for c in control(e)]
            if n.op in CALLS:
                done[nm]=('call',expand(n,p,di,ci,None)); continue
            new=type(gd.node[0])(); new.CopyFrom(n); new.name=unique(p+nm)
            del new.input[:]; new.input.extend(di+['^'+c for c in dict.fromkeys(ci+(list(ctl) if not di else []))])
            new.attr.pop('_class',None) if '_class' in new.attr else None
            out.append(new); done[nm]=('node',new.name)
        rets=[tensor(f.ret[a.name]) for a in f.signature.output_arg]
        cs=[c for q in f.control_ret.values() for c in control('^'+q)]
        if cs:
            nr=[]
            for r,a in zip(rets,f.signature.output_arg):
                if a.type==20: nr.append(r); continue
                i=gd.node.add() if False else type(gd.node[0])()
                i.name=unique(p+'Identity'); i.op='Identity'; i.attr['T'].type=a.type; i.input.extend([r]+['^'+c for c in cs]); out.append(i); nr.append(i.name+':0')
            rets=nr
        return rets,cs
    import collections
    for n in gd.node:
        if n.op not in CALLS: out.append(n)
    todo=[n for n in gd.node if n.op in CALLS]
    def res(e):
        full=e if ':' in e else e+':0'
        return tensors.get(full,e)
    pend=list(todo)
    while pend:
        n=pend.pop(0)
        if any(e.lstrip('^').split(':')[0] in {m.name for m in pend} for e in n.input): pend.append(n); continue
        ctl=[c for e in n.input if e[0]=='^' for c in controls.get(e[1:],(e[1:],))]
        rets,cs=expand(n,'',[res(e) for e in n.input if e[0]!='^'],ctl,None)
        for i,r in enumerate(rets): tensors[f'{n.name}:{i}']=r
        controls[n.name]=tuple(dict.fromkeys(cs)) or tuple(dict.fromkeys(r.split(':')[0] for r in rets))
    final=[]
    for n in out:
        ins=[]
        for e in n.input:
            if e[0]=='^': ins+=['^'+c for c in controls.get(e[1:],(e[1:],))]
            else: ins.append(res(e))
        if ins!=list(n.input):
            m=type(n)(); m.CopyFrom(n); del m.input[:]; m.input.extend(ins); n=m
        final.append(n)
    return Inlined(final,tensors,controls,{},list(reached_functions(final,gd.library)))
