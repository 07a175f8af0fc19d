/**
 * What every record of the journal says, for journal-pack.ts: deflate (RFC 1951) refers to it instead of saying it again. Records that are
 * stored can be read with this very text alone: it is never changed; another one is another version of the format.
 */
export const journalDictionary: string = `
{"name":"_dmarc.com","type":"TXT","answer":{"status":"found","records":["v=DMARC1; p=reject; rua=mailto:dmarc@v=DMAR
C1; p=quarantine; v=DMARC1; p=none; rua=mailto:"]}}{"status":"nxdomain"}{"status":"nodata"}"type":"MX","answer":{"st
atus":"found","records":[{"preference":10,"exchange":"mx.{"name":".in-addr.arpa","type":"PTR","answer":{"status":"fo
und","records":["mail."type":"A","answer":{"status":"found","records":["v=spf1 include:spf.protection.outlook.com in
clude:_spf.google.com ip4: ~all"]}}v=spf1 include: mx a -all"]}}s1._domainkey.","type":"TXT","answer":{"status":"fou
nd","records":["v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ
"]}}"fact":"softpass mail of a pair that is unknown","value":"deliver","weight":null,"source":"policy"}],"removals":
[]}"fact":"policy-reject mail of a pair that is unknown","value":"weighed-reject","weight":null,"source":"policy"},"
fact":"policy-reject mail of a pair that is suspicious","value":"reject","weight":null,"source":"policy"}],"removals
":[]}"fact":"the domain has an established profile, and this contradicts it (score -7.79)","value":"suspicious","wei
ght":null,"source":"history"},"fact":"sender history","value":false,"weight":null,"source":"history"},{"id":"score-d
kim","fact":"dkim com is a mark of this domain's authenticated mail","value":1,"weight":0.7,"source":"history.tokens
"},"fact":"spf com is a mark of this domain's authenticated mail","value":1,"weight":0.7,"source":"history.tokens"},
{"id":"score-strange-host","fact":"none of this domain's authenticated mail came from this host","value":60,"weight"
:-4.44,"source":"history"},{"id":"score-contact","fact":"no recipient knows this domain","value":0,"weight":-1,"sour
ce":"history"},{"id":"score-prefix","fact":"prefix com is near this domain's authenticated mail","value":1,"weight":
0.25,"source":"history.tokens"},{"id":"score-unsigned","fact":"the domain's authenticated mail is signed, and this m
essage is not","value":60,"weight":-4,"source":"history"},{"id":"score","fact":"DMARC fail (nothing-passed)","value"
:"reject","weight":null,"source":"evidence.dmarc"},"fact":"DMARC failed under a policy of quarantine or reject","val
ue":true,"weight":null,"source":"evidence.dmarc"}]},"standing":"unknown","suspicion":[],"marks":{"ip":"198.51.100.99
","ptr":null,"helo":"replay.evil.example","mailFrom":"x@evil.example","rcptTo":["ben@fabrikam.com"],"tls":{"result":
"permerror","reason":"no-ptr","names":[],"confirmed":0,"generic":false},"spf":[{"identity":"mailfrom","domain":"evil
.example","result":"fail","reason":"matched","mechanism":"-all","explanation":null,"lookups":1,"voidLookups":0,"broa
d":false,"aligned":false,"alignedBestGuess":false},{"identity":"helo","domain":"replay.evil.example","result":"none"
,"reason":"no-record","mechanism":null,"explanation":null,"lookups":0,"voidLookups":0,"broad":false,"aligned":false,
"alignedBestGuess":false}],"dkim":["fact":"reverse name of the client","value":"no-ptr","weight":null,"source":"evid
ence.iprev"},"fact":"SPF fail for evil.example, of another organization","value":"fail","weight":null,"source":"evid
ence.spf[0]"},"fact":"SPF none for replay.evil.example, of another organization","value":"none","weight":null,"sourc
e":"evidence.spf[1]"},"fact":"From is valid","value":"tailspin.example","weight":null,"source":"from"},"fact":"DMAR
C pass (aligned)","value":"none","weight":null,"source":"evidence.dmarc"},{"result":"valid","reason":null,"address":
"lea@litware.example","domain":"litware.example","displayName":"Lea Berg","advice":["display-name-not-quoted"],"doma
ins":["litware.example"]},{"result":"fail","reason":"not-aligned","domain":"litware.example","policyDomain":"litware
.example","publishedPolicy":"quarantine","action":"quarantine","alignedBy":null,"alternative":null,"testing":false,"
walked":["litware.example","example"]},"infrastructure":{"compauth":"fail","reason":"000","explanation":"The owner o
f the domain says that such mail is not theirs. DMARC failed, and litware.example publishes p=quarantine.","fact":"F
rom is valid","value":"litware.example","weight":null,"source":"from"},"fact":"DKIM fail (body-hash) for litware.exa
mple, of the From organization","value":"fail","weight":null,"source":"evidence.dkim[0]"},"fact":"DMARC fail (not-al
igned)","value":"quarantine","weight":null,"source":"evidence.dmarc"},"fact":"policy-quarantine mail of a pair tha
t is unknown","value":"quarantine-action","weight":null,"source":"policy"}],"removals":[]}{"ip":"198.51.100.7","ptr"
:"mail.evil.example","helo":"mail.evil.example","mailFrom":"billing@evil.example","rcptTo":["ben@fabrikam.com"],"tls
":{"result":"pass","reason":null,"names":["mail.evil.example"],"confirmed":1,"generic":false},"spf":[{"identity":"ma
ilfrom","domain":"evil.example","result":"pass","reason":"matched","mechanism":"a:mail.evil.example","explanation":n
ull,"lookups":1,"voidLookups":0,"broad":false,"aligned":false,"alignedBestGuess":false},{"identity":"helo","domain":
"mail.evil.example","result":"none","reason":"no-record","mechanism":null,"explanation":null,"lookups":0,"voidLookup
s":0,"broad":false,"aligned":false,"alignedBestGuess":false}],"dkim":[],"arc":"fact":"reverse name of the client","v
alue":"mail.evil.example","weight":null,"source":"evidence.iprev"},"fact":"SPF pass for evil.example, of another org
anization","value":"pass","weight":null,"source":"evidence.spf[0]"},"fact":"SPF none for mail.evil.example, of anoth
er organization","value":"none","weight":null,"source":"evidence.spf[1]"},"fact":"the client stands near the From do
main's hosts","value":false,"weight":null,"source":"evidence.infrastructure"},{"id":"row-18","fact":"a bounce of mai
l we sent","value":false,"weight":null,"source":"history.returnsOurs"},{"id":"row-19",{"unverified":false,"via":"evi
l.example"},"overrides":[],"fact":"DMARC passed","value":true,"weight":null,"source":"evidence.dmarc"}]},"standing":
"unknown","suspicion":[],"marks":"fact":"DMARC passed","value":true,"weight":null,"source":"evidence.dmarc"}]},"stan
ding":"good","suspicion":["first-contact","transport-changed"],"marks":"fact":"DMARC none (no-record)","value":null,
"weight":null,"source":"evidence.dmarc"},"fact":"the client's confirmed name is the From domain's, and its SPF doe
s not object","value":false,"weight":null,"source":"evidence.iprev"},{"id":"score-spf",{"id":"standing",{"kind":"rej
ect","smtp":{"recipient":"ben@fabrikam.com","kind":"reject"}]},"actionFacts":["policy":"none","policy":"quarantine",
"fact":"DMARC pass (aligned)","value":"reject","weight":null,"source":"evidence.dmarc"},{"kind":"junk","smtp":null,"
withheld":true,"perRecipient":[{"recipient":"ben@fabrikam.com","kind":"junk"}]},"actionFacts":[{"id":"row-15","fact"
:"the client is an MX host of the From domain that others do not share","value":false,"weight":null,"source":"eviden
ce.infrastructure"},{"id":"row-16",{"id":"row-17","fact":"DMARC failed under an enforced policy, but the message i
s vouched for","value":false,"weight":null,"source":"history.tokens"},"fact":"accepted mail of a pair that is unknow
n","value":"junk-on-suspicion","weight":null,"source":"policy"}],"removals":[]}"fact":"accepted mail of a pair tha
t is good","value":"junk-on-suspicion","weight":null,"source":"policy"}],"removals":[]}"policy":null,"fact":"DMARC f
ailed under an enforced policy, but the message is vouched for","value":false,"weight":null,"source":"evidence.dmarc
"},"fact":"DMARC failed under a policy of quarantine or reject","value":false,"weight":null,"source":"evidence.dmarc
"},{"id":"row-14",{"unverified":true,"via":null},"overrides":[],"policy":"reject","fact":"a trusted sealer of the AR
C chain saw DMARC pass","value":false,"weight":null,"source":"evidence.arc"},{"id":"dkim-1",{"profile":"organization
","localSuffixes":[],"bypasses":[],"trustedHops":[],"trustedSealers":[],"gateways":[],"gatewayResult":null,"accepted
Domains":[],"tenants":[],"submittedBy":null,"senderHistory":null},{"unverified":false,"via":null},"overrides":[],"hi
story":null,{"status":"known","day":20500,"organization":"contoso.com","from":{"authenticated":60,"signed":60,"unaut
henticated":0,"days":20,"firstDay":20440,"lastDay":20499},"carrier":{"wroteTo":0,"heardFrom":0,"firstDay":null},"tok
ens":[{"kind":"dkim","value":"com","authenticated":1,"signed":0,"unauthenticated":0,"days":0,"recipients":0,"answere
d":false,"complaints":0,"firstDay":null,"lastDay":null,"organizations":1,"messages":1,"failures":0,"failedOrganizati
ons":0,"relayed":0},{"kind":"spf","value":"com","authenticated":1,"signed":0,"unauthenticated":0,"days":0,"recipient
s":0,"answered":false,"complaints":0,"firstDay":null,"lastDay":null,"organizations":1,"messages":1,"failures":0,"fai
ledOrganizations":0,"relayed":0},{"kind":"prefix","value":"com","authenticated":1,"signed":0,"unauthenticated":0,"da
ys":0,"recipients":0,"answered":false,"complaints":0,"firstDay":null,"lastDay":null,"organizations":1,"messages":1,"
failures":0,"failedOrganizations":0,"relayed":0},{"kind":"ptr","value":"com","authenticated":1,"signed":0,"unauthent
icated":0,"days":0,"recipients":0,"answered":false,"complaints":0,"firstDay":null,"lastDay":null,"organizations":1,"
messages":1,"failures":0,"failedOrganizations":0,"relayed":0},{"kind":"helo","value":"com","authenticated":1,"signed
":0,"unauthenticated":0,"days":0,"recipients":0,"answered":false,"complaints":0,"firstDay":null,"lastDay":null,"orga
nizations":1,"messages":1,"failures":0,"failedOrganizations":0,"relayed":0}],"messages":5000,"contact":{"wroteTo":0,
"heardFrom":0,"firstDay":null},"returnsOurs":false,"answersOurs":false,"entries":[]},{"id":"suspicion-first-contact"
,"fact":"no recipient has heard from this domain","value":true,"weight":1,"source":"suspicion"},{"id":"suspicion-tra
nsport-changed","fact":"the domain's mail never came from this host before","value":true,"weight":1,"source":"suspic
ion"},{"profile":"organization","localSuffixes":[],"bypasses":[],"trustedHops":[],"trustedSealers":[],"gateways":[],
"gatewayResult":null,"acceptedDomains":[],"tenants":[],"submittedBy":null,"senderHistory":{"high":4.5,"medium":3,"co
ntradiction":-2.5,"establishedMessages":6,"establishedDays":5,"establishedAge":7,"vouchMessages":20,"vouchByPtr":fal
se,"tier2Days":5,"tier2Recipients":3,"tier2Organizations":5,"sharedOrganizations":20,"sharedMxOrganizations":5,"back
ground":1000,"novelty":0.7,"confidence":3,"weakMax":1,"contactMax":1.5,"carrierDays":21,"carrierMessages":2,"carrier
Max":7,"bestGuess":1.5,"againstMax":4,"badOrganizations":5}},{"id":"dkim","fact":"not signed","value":"none","weight
":null,"source":"evidence.dkim"},"fact":"no DMARC record, an aligned SPF or DKIM pass","value":false,"weight":null,"
source":"evidence.dmarc"},{"id":"row-8",{"id":"row-9","fact":"the DMARC record is unusable or unreachable, yet an al
igned SPF or DKIM pass","value":false,"weight":null,"source":"evidence.dmarc"},{"id":"row-10","fact":"a verified gat
eway of ours changed the body, and its own result was pass","value":false,"weight":null,"source":"policy.gatewayResu
lt"},{"id":"row-11","fact":"From is in an accepted domain of the recipient's organization","value":false,"weight":nu
ll,"source":"policy.acceptedDomains"},{"id":"row-12",{"id":"row-13","fact":"DMARC passed","value":false,"weight":nul
l,"source":"evidence.dmarc"},{"id":"row-7",{"kind":"deliver","smtp":null,"withheld":true,"perRecipient":[{"recipient
":"ben@fabrikam.com","kind":"deliver"}]},"actionFacts":[{"oldestPass":null,"trusted":false,"result":"none","reason":
null,"sets":[]},"dmarc":{"id":"spf-helo","fact":"From does not yield exactly one author domain","value":false,"weigh
t":null,"source":"from"},{"id":"row-6",{"schemaVersion":1,"id":"","at":"2026-","version":"0.1.0","policyVersion":nul
l,"transaction":{"defects":["lf-only"],"iprev":{"id":"from",{"id":"defects","fact":"the message has defects","value"
:"lf-only","weight":null,"source":"evidence.defects"},{"id":"iprev",{"id":"spf-mailfrom",{"id":"dmarc",{"id":"row-1"
,"fact":"the sender logged in","value":false,"weight":null,"source":"transaction"},{"id":"row-2","fact":"the operato
r blocks this pair","value":false,"weight":null,"source":"history.entries"},{"id":"row-3","fact":"a bypass entry mat
ches client, envelope or recipient","value":false,"weight":null,"source":"policy.bypasses"},{"id":"row-4","fact":"be
hind a trusted hop the true client is not known, and DMARC would be enforced","value":false,"weight":null,"source":"
transaction"},{"id":"row-5",{"id":"action-table",{"inspection":{"schemaVersion":1,"id":"","at":"2026-","version":"0.
1.0","policyVersion":null,"transaction":{"ip":"198.51.100.7","ptr":"mail.evil.example","helo":"mail.evil.example","m
ailFrom":"billing@evil.example","rcptTo":["ben@fabrikam.com"],"tls":{"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_S
HA384","subject":null},"authenticatedAs":null,"listener":null,"direction":"inbound","queueId":null,"messageId":"<inv
.1@evil.example>","size":734,"trustedHop":null},"from":{"result":"valid","reason":null,"address":"ceo@contoso.com","
domain":"contoso.com","displayName":"Carla Mendes","advice":["display-name-not-quoted"],"domains":["contoso.com"]},"
evidence":{"defects":["lf-only"],"iprev":{"result":"pass","reason":null,"names":["mail.evil.example"],"confirmed":1,
"generic":false},"spf":[{"identity":"mailfrom","domain":"evil.example","result":"pass","reason":"matched","mechanism
":"a:mail.evil.example","explanation":null,"lookups":1,"voidLookups":0,"broad":false,"aligned":false,"alignedBestGue
ss":false},{"identity":"helo","domain":"mail.evil.example","result":"none","reason":"no-record","mechanism":null,"ex
planation":null,"lookups":0,"voidLookups":0,"broad":false,"aligned":false,"alignedBestGuess":false}],"dkim":[],"arc"
:{"oldestPass":null,"trusted":false,"result":"none","reason":null,"sets":[]},"dmarc":{"result":"none","reason":"no-r
ecord","alignedBy":null,"domain":"contoso.com","policyDomain":null,"publishedPolicy":null,"policy":null,"action":"no
ne","alternative":null,"testing":false,"walked":["contoso.com","com"]},"infrastructure":{"ptrOrganization":"evil.exa
mple","confirmed":true,"generic":false,"prefix":"198.51.100.0/24","shared":null,"fromMxHosts":[],"fromNeighbours":[]
,"fromHostsUnknown":false,"fromSpf":"none"},"bounceOf":null},"history":{"status":"known","day":20500,"organization":
"contoso.com","from":{"authenticated":60,"signed":60,"unauthenticated":0,"days":20,"firstDay":20440,"lastDay":20499}
,"carrier":{"wroteTo":0,"heardFrom":0,"firstDay":null},"tokens":[{"kind":"dkim","value":"com","authenticated":1,"sig
ned":0,"unauthenticated":0,"days":0,"recipients":0,"answered":false,"complaints":0,"firstDay":null,"lastDay":null,"o
rganizations":1,"messages":1,"failures":0,"failedOrganizations":0,"relayed":0},{"kind":"spf","value":"com","authenti
cated":1,"signed":0,"unauthenticated":0,"days":0,"recipients":0,"answered":false,"complaints":0,"firstDay":null,"las
tDay":null,"organizations":1,"messages":1,"failures":0,"failedOrganizations":0,"relayed":0},{"kind":"prefix","value"
:"com","authenticated":1,"signed":0,"unauthenticated":0,"days":0,"recipients":0,"answered":false,"complaints":0,"fir
stDay":null,"lastDay":null,"organizations":1,"messages":1,"failures":0,"failedOrganizations":0,"relayed":0},{"kind":
"ptr","value":"com","authenticated":1,"signed":0,"unauthenticated":0,"days":0,"recipients":0,"answered":false,"compl
aints":0,"firstDay":null,"lastDay":null,"organizations":1,"messages":1,"failures":0,"failedOrganizations":0,"relayed
":0},{"kind":"helo","value":"com","authenticated":1,"signed":0,"unauthenticated":0,"days":0,"recipients":0,"answered
":false,"complaints":0,"firstDay":null,"lastDay":null,"organizations":1,"messages":1,"failures":0,"failedOrganizatio
ns":0,"relayed":0}],"messages":5000,"contact":{"wroteTo":0,"heardFrom":0,"firstDay":null},"returnsOurs":false,"answe
rsOurs":false,"entries":[]},"policy":{"profile":"organization","localSuffixes":[],"bypasses":[],"trustedHops":[],"tr
ustedSealers":[],"gateways":[],"gatewayResult":null,"acceptedDomains":[],"tenants":[],"submittedBy":null,"senderHist
ory":{"high":4.5,"medium":3,"contradiction":-2.5,"establishedMessages":6,"establishedDays":5,"establishedAge":7,"vou
chMessages":20,"vouchByPtr":false,"tier2Days":5,"tier2Recipients":3,"tier2Organizations":5,"sharedOrganizations":20,
"sharedMxOrganizations":5,"background":1000,"novelty":0.7,"confidence":3,"weakMax":1,"contactMax":1.5,"carrierDays":
21,"carrierMessages":2,"carrierMax":7,"bestGuess":1.5,"againstMax":4,"badOrganizations":5}},"verdict":{"compauth":"f
ail","reason":"001","explanation":"Nobody vouches for this sender. contoso.com publishes no DMARC policy, and nothin
g that passed belongs to contoso.com.","facts":[{"id":"from","fact":"From is valid","value":"contoso.com","weight":n
ull,"source":"from"},{"id":"defects","fact":"the message has defects","value":"lf-only","weight":null,"source":"evid
ence.defects"},{"id":"iprev","fact":"reverse name of the client","value":"mail.evil.example","weight":null,"source":
"evidence.iprev"},{"id":"spf-mailfrom","fact":"SPF pass for evil.example, of another organization","value":"pass","w
eight":null,"source":"evidence.spf[0]"},{"id":"spf-helo","fact":"SPF none for mail.evil.example, of another organiza
tion","value":"none","weight":null,"source":"evidence.spf[1]"},{"id":"dkim","fact":"not signed","value":"none","weig
ht":null,"source":"evidence.dkim"},{"id":"dmarc","fact":"DMARC none (no-record)","value":null,"weight":null,"source"
:"evidence.dmarc"},{"id":"row-1","fact":"the sender logged in","value":false,"weight":null,"source":"transaction"},{
"id":"row-2","fact":"the operator blocks this pair","value":false,"weight":null,"source":"history.entries"},{"id":"r
ow-3","fact":"a bypass entry matches client, envelope or recipient","value":false,"weight":null,"source":"policy.byp
asses"},{"id":"row-4","fact":"behind a trusted hop the true client is not known, and DMARC would be enforced","value
":false,"weight":null,"source":"transaction"},{"id":"row-5","fact":"From does not yield exactly one author domain","
value":false,"weight":null,"source":"from"},{"id":"row-6","fact":"DMARC passed","value":false,"weight":null,"source"
:"evidence.dmarc"},{"id":"row-7","fact":"no DMARC record, an aligned SPF or DKIM pass","value":false,"weight":null,"
source":"evidence.dmarc"},{"id":"row-8","fact":"a trusted sealer of the ARC chain saw DMARC pass","value":false,"wei
ght":null,"source":"evidence.arc"},{"id":"row-9","fact":"the DMARC record is unusable or unreachable, yet an aligne
d SPF or DKIM pass","value":false,"weight":null,"source":"evidence.dmarc"},{"id":"row-10","fact":"a verified gatewa
y of ours changed the body, and its own result was pass","value":false,"weight":null,"source":"policy.gatewayResult"
},{"id":"row-11","fact":"From is in an accepted domain of the recipient's organization","value":false,"weight":null,
"source":"policy.acceptedDomains"},{"id":"row-12","fact":"DMARC failed under an enforced policy, but the message i
s vouched for","value":false,"weight":null,"source":"evidence.dmarc"},{"id":"row-13","fact":"DMARC failed under a po
licy of quarantine or reject","value":false,"weight":null,"source":"evidence.dmarc"},{"id":"row-14","fact":"the clie
nt's confirmed name is the From domain's, and its SPF does not object","value":false,"weight":null,"source":"evidenc
e.iprev"},{"id":"row-15","fact":"the client is an MX host of the From domain that others do not share","value":false
,"weight":null,"source":"evidence.infrastructure"},{"id":"score-dkim","fact":"dkim com is a mark of this domain's au
thenticated mail","value":1,"weight":0.7,"source":"history.tokens"},{"id":"score-spf","fact":"spf com is a mark of t
his domain's authenticated mail","value":1,"weight":0.7,"source":"history.tokens"},{"id":"score-strange-host","fact"
:"none of this domain's authenticated mail came from this host","value":60,"weight":-4.44,"source":"history"},{"id":
"score-contact","fact":"no recipient knows this domain","value":0,"weight":-1,"source":"history"},{"id":"score-prefi
x","fact":"prefix com is near this domain's authenticated mail","value":1,"weight":0.25,"source":"history.tokens"},{
"id":"score-unsigned","fact":"the domain's authenticated mail is signed, and this message is not","value":60,"weight
":-4,"source":"history"},{"id":"score","fact":"score of sender history","value":-7.79,"weight":null,"source":"histor
y"},{"id":"row-16","fact":"sender history: no. Sender history scores -7.79.","value":false,"weight":null,"source":"h
istory"},{"id":"row-17","fact":"the client stands near the From domain's hosts","value":false,"weight":null,"source"
:"evidence.infrastructure"},{"id":"row-18","fact":"a bounce of mail we sent","value":false,"weight":null,"source":"h
istory.returnsOurs"},{"id":"row-19","fact":"otherwise","value":true,"weight":null,"source":"evidence"}]},"standing":
"suspicious","suspicion":["first-contact","transport-changed"],"marks":{"unverified":false,"via":"evil.example"},"ov
errides":[],"action":{"kind":"junk","smtp":null,"withheld":true,"perRecipient":[{"recipient":"ben@fabrikam.com","kin
d":"junk"}]},"actionFacts":[{"id":"standing","fact":"the domain has an established profile, and this contradicts i
t (score -7.79)","value":"suspicious","weight":null,"source":"history"},{"id":"suspicion-first-contact","fact":"no r
ecipient has heard from this domain","value":true,"weight":1,"source":"suspicion"},{"id":"suspicion-transport-change
d","fact":"the domain's mail never came from this host before","value":true,"weight":1,"source":"suspicion"},{"id":"
action-table","fact":"unverified mail of a pair that is suspicious","value":"junk","weight":null,"source":"policy"}]
,"removals":[]},"subject":null,"matched":{"lists":[],"filters":[],"answers":{},"nullMx":null}}
`.replaceAll("\n", "");
