// The chain of `cargo bench -p castnet-lab --bench sim -- chain`, in ns-3: a source, routers in a row, so
// many receivers on the LAN of each, static multicast routes, 1000 datagrams of 64 octets a second for
// ten seconds. ns-3 has no IGMP, so that the data path alone compares.
//
//   g++ -O2 -o chain harness/benches/ns3/chain.cc -lns3-applications -lns3-csma -lns3-internet
//       -lns3-point-to-point -lns3-network -lns3-core && ./chain ROUTERS RECEIVERS
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/csma-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

using namespace ns3;

static uint64_t received = 0;

static void
Receive(Ptr<const Packet>, const Address&)
{
    ++received;
}

int
main(int argc, char* argv[])
{
    const uint32_t routers = argc > 1 ? std::atoi(argv[1]) : 10;
    const uint32_t receivers = argc > 2 ? std::atoi(argv[2]) : 10;
    const Ipv4Address group("239.1.1.1");
    NodeContainer chain; // the source, and the routers
    chain.Create(routers + 1);
    InternetStackHelper internet;
    internet.Install(chain);
    PointToPointHelper wire;
    wire.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
    wire.SetChannelAttribute("Delay", StringValue("1us"));
    CsmaHelper lan;
    lan.SetChannelAttribute("DataRate", StringValue("1Gbps"));
    lan.SetChannelAttribute("Delay", StringValue("1us"));
    Ipv4AddressHelper wires("10.0.0.0", "255.255.255.0");
    Ipv4AddressHelper lans("11.0.0.0", "255.255.255.0");
    std::vector<NetDeviceContainer> up;
    Ipv4Address source;
    for (uint32_t n = 0; n < routers; ++n)
    {
        up.push_back(wire.Install(chain.Get(n), chain.Get(n + 1)));
        Ipv4InterfaceContainer own = wires.Assign(up.back());
        wires.NewNetwork();
        if (n == 0)
        {
            source = own.GetAddress(0);
        }
    }
    Ipv4StaticRoutingHelper routing;
    routing.SetDefaultMulticastRoute(chain.Get(0), up[0].Get(0));
    ApplicationContainer sinks;
    for (uint32_t n = 0; n < routers; ++n)
    {
        NodeContainer hosts;
        hosts.Create(receivers);
        internet.Install(hosts);
        NodeContainer all(chain.Get(n + 1));
        all.Add(hosts);
        NetDeviceContainer devices = lan.Install(all);
        lans.Assign(devices);
        lans.NewNetwork();
        NetDeviceContainer out(devices.Get(0));
        if (n + 1 < routers)
        {
            out.Add(up[n + 1].Get(0));
        }
        routing.AddMulticastRoute(chain.Get(n + 1), source, group, up[n].Get(1), out);
        PacketSinkHelper sink("ns3::UdpSocketFactory", InetSocketAddress(group, 5000));
        sinks.Add(sink.Install(hosts));
    }
    sinks.Start(Seconds(0));
    for (auto sink = sinks.Begin(); sink != sinks.End(); ++sink)
    {
        (*sink)->TraceConnectWithoutContext("Rx", MakeCallback(&Receive));
    }
    OnOffHelper sender("ns3::UdpSocketFactory", InetSocketAddress(group, 5000));
    sender.SetAttribute("PacketSize", UintegerValue(64));
    sender.SetAttribute("DataRate", DataRateValue(DataRate(64 * 8 * 1000)));
    sender.SetAttribute("OnTime", StringValue("ns3::ConstantRandomVariable[Constant=1000]"));
    sender.SetAttribute("OffTime", StringValue("ns3::ConstantRandomVariable[Constant=0]"));
    ApplicationContainer sending = sender.Install(chain.Get(0));
    sending.Start(Seconds(2));
    sending.Stop(Seconds(12));
    Simulator::Stop(Seconds(12.1));
    const auto began = std::clock();
    Simulator::Run();
    const double took = double(std::clock() - began) / CLOCKS_PER_SEC;
    std::cout << "ns-3    " << routers << " x " << receivers << "  receptions " << received
              << "  cpu " << took << " s  " << received / took / 1e6
              << " M receptions/s  events " << Simulator::GetEventCount() << "\n";
    Simulator::Destroy();
    return 0;
}
