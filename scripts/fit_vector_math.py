# near-minimax fits by Lawson iteration on dense grid, in double via numpy longdouble
import numpy as np, mpmath as mp
def lawson(f,w,lo,hi,deg,n=2000,it=60):
    x=np.cos(np.linspace(0,np.pi,n)); x=(hi-lo)/2*x+(hi+lo)/2
    y=np.array([float(f(v)) for v in x]); wt=np.array([float(w(v)) for v in x])
    V=np.polynomial.chebyshev.chebvander((2*x-hi-lo)/(hi-lo),deg); lw=np.ones(n)/n
    for _ in range(it):
        s=np.sqrt(lw)*wt
        c,*_=np.linalg.lstsq(V*s[:,None],y*s,rcond=None)
        e=np.abs(V@c-y)*wt; lw=lw*e; lw/=lw.sum()
    ch=np.polynomial.Chebyshev(c,domain=[lo,hi]).convert(kind=np.polynomial.Polynomial)
    return ch.coef,e.max()
mp.mp.dps=40
L=float(mp.log(2)/2)
# exp(r)=1+r+r^2*p(r)
c,e=lawson(lambda r: (mp.e**mp.mpf(r)-1-r)/mp.mpf(r)**2 if abs(r)>1e-9 else mp.mpf('0.5'), lambda r: r*r, -L*1.001,L*1.001,4)
print('exp p:',[repr(float(np.float32(v))) for v in c],e)
# erf(x)/x in t=x^2 on [0,1]
for d in (5,6,7):
    c,e=lawson(lambda t: mp.erf(mp.sqrt(t))/mp.sqrt(t) if t>1e-12 else 2/mp.sqrt(mp.pi), lambda t: 1.0/float(mp.erf(mp.sqrt(t))/mp.sqrt(t)) if t>1e-12 else 0.886,0,1,d)
    print('erf small',d,[repr(float(np.float32(v))) for v in c],e)
# log(erfc(x)) on [1,4], weight erfc(x)
for d in (6,7,8,9):
    c,e=lawson(lambda x: mp.log(mp.erfc(x)), lambda x: float(mp.erfc(x)),0.99,4,d)
    print('lnerfc',d,[repr(float(np.float32(v))) for v in c],e)
