<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
 <renderer-v2 type="categorizedSymbol" attr="{{ attribute }}" symbollevels="0" forceraster="0">
  <categories>
{% for value, label, colour in categories %}
   <category symbol="{{ loop.index0 }}" value="{{ value }}" label="{{ label }}" render="true"/>
{% endfor %}
  </categories>
  <symbols>
{% for value, label, colour in categories %}
   <symbol type="fill" name="{{ loop.index0 }}" alpha="0.75" clip_to_extent="1">
    <layer class="SimpleFill" enabled="1" pass="0" locked="0">
     <prop k="color" v="{{ colour }}"/>
     <prop k="style" v="solid"/>
     <prop k="outline_style" v="no"/>
    </layer>
   </symbol>
{% endfor %}
  </symbols>
 </renderer-v2>
</qgis>
