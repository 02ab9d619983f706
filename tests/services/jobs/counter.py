"""Owns a name on the session bus, and counts."""

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)


class Counter(dbus.service.Object):
    count = 0

    @dbus.service.method("org.example.Counter", in_signature="", out_signature="i")
    def Next(self):
        self.count += 1
        self.Counted(self.count)
        return self.count

    @dbus.service.signal("org.example.Counter", signature="i")
    def Counted(self, number):
        pass


bus = dbus.SessionBus()
name = dbus.service.BusName("org.example.Counter", bus)
counter = Counter(bus, "/counter")
bus.add_signal_receiver(lambda number: print(int(number), flush=True), "Counted", "org.example.Counter")
print("ready", flush=True)
GLib.MainLoop().run()
