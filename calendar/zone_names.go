// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

// windowsZones are the names that Windows, and so Outlook and Exchange, have
// for zones, in small letters: the common ones of the CLDR's table, and the
// labels of its list that Outlook for the web sends instead of a name.
var windowsZones = map[string]string{
	"romance standard time": "Europe/Paris", "w. europe standard time": "Europe/Berlin",
	"central europe standard time": "Europe/Budapest", "central european standard time": "Europe/Warsaw",
	"gmt standard time": "Europe/London", "greenwich standard time": "Atlantic/Reykjavik", "utc": "UTC",
	"coordinated universal time": "UTC", "tzone://microsoft/utc": "UTC", "e. europe standard time": "Europe/Chisinau",
	"gtb standard time": "Europe/Bucharest", "fle standard time": "Europe/Kiev", "turkey standard time": "Europe/Istanbul",
	"russian standard time": "Europe/Moscow", "kaliningrad standard time": "Europe/Kaliningrad",
	"belarus standard time": "Europe/Minsk", "azores standard time": "Atlantic/Azores",
	"cape verde standard time": "Atlantic/Cape_Verde", "morocco standard time": "Africa/Casablanca",
	"w. central africa standard time": "Africa/Lagos", "south africa standard time": "Africa/Johannesburg",
	"egypt standard time": "Africa/Cairo", "libya standard time": "Africa/Tripoli", "e. africa standard time": "Africa/Nairobi",
	"mauritius standard time": "Indian/Mauritius", "middle east standard time": "Asia/Beirut",
	"israel standard time": "Asia/Jerusalem", "jordan standard time": "Asia/Amman", "syria standard time": "Asia/Damascus",
	"west bank standard time": "Asia/Hebron", "arab standard time": "Asia/Riyadh", "arabic standard time": "Asia/Baghdad",
	"arabian standard time": "Asia/Dubai", "iran standard time": "Asia/Tehran", "georgian standard time": "Asia/Tbilisi",
	"caucasus standard time": "Asia/Yerevan", "azerbaijan standard time": "Asia/Baku", "pakistan standard time": "Asia/Karachi",
	"india standard time": "Asia/Kolkata", "sri lanka standard time": "Asia/Colombo", "nepal standard time": "Asia/Kathmandu",
	"bangladesh standard time": "Asia/Dhaka", "myanmar standard time": "Asia/Yangon", "se asia standard time": "Asia/Bangkok",
	"china standard time": "Asia/Shanghai", "singapore standard time": "Asia/Singapore", "taipei standard time": "Asia/Taipei",
	"tokyo standard time": "Asia/Tokyo", "korea standard time": "Asia/Seoul", "w. australia standard time": "Australia/Perth",
	"aus eastern standard time": "Australia/Sydney", "e. australia standard time": "Australia/Brisbane",
	"central pacific standard time": "Pacific/Guadalcanal", "new zealand standard time": "Pacific/Auckland",
	"hawaiian standard time": "Pacific/Honolulu", "alaskan standard time": "America/Anchorage",
	"pacific standard time": "America/Los_Angeles", "us mountain standard time": "America/Phoenix",
	"mountain standard time": "America/Denver", "central standard time": "America/Chicago",
	"canada central standard time": "America/Regina", "central america standard time": "America/Guatemala",
	"eastern standard time": "America/New_York", "us eastern standard time": "America/Indiana/Indianapolis",
	"sa pacific standard time": "America/Bogota", "atlantic standard time": "America/Halifax",
	"sa western standard time": "America/La_Paz", "sa eastern standard time": "America/Cayenne",
	"saint pierre standard time": "America/Miquelon", "newfoundland standard time": "America/St_Johns",
	"e. south america standard time": "America/Sao_Paulo", "argentina standard time": "America/Argentina/Buenos_Aires",
	"montevideo standard time": "America/Montevideo", "pacific sa standard time": "America/Santiago",

	"(utc+01:00) brussels, copenhagen, madrid, paris":              "Europe/Paris",
	"(utc+01:00) bruxelles, copenhague, madrid, paris":             "Europe/Paris",
	"(gmt+01:00) brussels, copenhagen, madrid, paris":              "Europe/Paris",
	"(gmt+01:00) bruxelles, copenhague, madrid, paris":             "Europe/Paris",
	"(utc+01:00) amsterdam, berlin, bern, rome, stockholm, vienna": "Europe/Berlin",
	"(utc+00:00) dublin, edinburgh, lisbon, london":                "Europe/London",
	"paris, madrid": "Europe/Paris",
}
